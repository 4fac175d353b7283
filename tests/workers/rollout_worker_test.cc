// A rollout worker at a bus without a job around it.
#include "workers/rollout_worker.h"

#include <atomic>
#include <cmath>
#include <exception>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "cluster/bus/in_process.h"
#include "cluster/bus/zmq_client.h"
#include "cluster/bus/zmq_server.h"
#include "policy/model/transformer.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint64_t kRunId = 7;
constexpr TaskId kTask = 5;

TransformerConfig Shape() {
  TransformerConfig shape;
  shape.vocab_size = 20;
  shape.hidden_size = shape.intermediate_size = shape.head_dim = 8;
  shape.num_layers = shape.num_heads = shape.num_kv_heads = 1;
  shape.max_positions = 32;
  shape.eos_ids = {2};
  return shape;
}

std::string Task(const WeightRef& weights) {
  RolloutTask task;
  task.weights = weights;
  task.request.group_id = 3;
  task.request.prompt_tokens = {4, 5};
  task.request.num_samples = 2;
  task.request.sampling.max_new_tokens = 6;
  return task.Encode();
}

// Works until it is asked to leave; returns what ended it before.
std::string Work(const std::string& endpoint, std::atomic<bool>* gone) {
  std::string error;
  try {
    ZmqClient bus({.endpoint = endpoint, .role = Role::kRollout, .capacity = 4, .run_id = kRunId, .heartbeat = milliseconds(20)});
    const std::string welcome = bus.Register(seconds(20));
    Telemetry telemetry(-1, false);
    MetricsEndpoint metrics({});
    RolloutWorker worker(&bus, &telemetry, &metrics, welcome, 0);
    while (worker.RunOnce()) {
    }
    bus.Leave(seconds(5));
  } catch (const std::exception& failure) {
    error = failure.what();
  }
  *gone = true;
  return error;
}

// Weights of gigabytes for many workers take longer than a lease, and where there is no other worker the task comes to the same again.
TEST(RolloutWorker, ATaskGivenOutAgainWhileWeightsAreUnderWayIsDoneOnce) {
  const TempFolder folder;
  Transformer model(Shape());
  model.Initialize(1);
  WeightPublisher publisher(folder.path(), 1);
  const WeightRef weights = publisher.Publish(1, model.flat().data_ptr(), model.flat().nbytes());
  BusOptions options;
  options.run_id = kRunId;
  options.heartbeat = milliseconds(20);
  ZmqServer server("tcp://127.0.0.1:*", options);
  server.SetRules(Role::kRollout, {.lease = 100, .peer_timeout = 20'000, .max_attempts = 1000});
  RolloutWelcome welcome;
  welcome.config_json = ToConfigJson(Shape());
  welcome.device = DeviceChoice::kCpu;
  welcome.slots = 4;
  welcome.max_tokens = 32;
  welcome.force_remote_weights = true;
  server.SetWelcome(Role::kRollout, welcome.Encode());
  std::string error;
  std::atomic<bool> gone{false};
  std::thread worker([&, endpoint = server.endpoint()] { error = Work(endpoint, &gone); });
  server.Submit(Role::kRollout, kTask, Task(weights));
  std::vector<RolloutResult> results;
  // No answer before the task was given out again three times; the worker asks again.
  server.SetWeightAnswer([&](const std::string& request) -> std::optional<std::string> {
    if (server.table().num_requeued() < 3) return std::nullopt;
    return ReadWeightChunk(weights, WeightChunkRequest::Decode(request).offset);
  });
  while (results.empty() && !gone) {
    for (const BusEvent& event : server.Poll(milliseconds(5))) {
      if (event.kind == BusEvent::Kind::kResult) results.push_back(RolloutResult::Decode(event.body));
    }
  }
  server.Drain(seconds(20));
  worker.join();
  EXPECT_EQ(error, "");
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].weight_hash, weights.hash);
  EXPECT_EQ(results[0].group.trajectories.size(), 2u);
  EXPECT_GE(server.table().num_requeued(), 3);
}

// A worker at a bus within this thread, with published weights.
class RolloutWorkerTurns : public testing::Test {
 protected:
  RolloutWorkerTurns() {
    RolloutWelcome welcome;
    welcome.config_json = ToConfigJson(Shape());
    welcome.device = DeviceChoice::kCpu;
    welcome.slots = 4;
    welcome.max_tokens = 32;
    bus_.SetWelcome(Role::kRollout, welcome.Encode());
    worker_ = std::make_unique<RolloutWorker>(client_.get(), &telemetry_, &metrics_, client_->Register(milliseconds(0)), 0);
    bus_.AddWorker([this] { return worker_->RunOnce(); });
  }

  // The result of the task, after as many turns as it takes.
  RolloutResult Do(TaskId id, const std::string& payload) {
    bus_.Submit(Role::kRollout, id, payload);
    for (int turn = 0; turn < 100; ++turn) {
      for (const BusEvent& event : bus_.Poll(milliseconds(0))) {
        if (event.kind == BusEvent::Kind::kResult && event.task == id) return RolloutResult::Decode(event.body);
      }
    }
    return Refusal<RolloutResult>("no result in 100 turns", false);
  }

  static Transformer MadeModel() {
    Transformer model(Shape());
    model.Initialize(1);
    return model;
  }

  const TempFolder folder_;
  const Transformer model_ = MadeModel();
  WeightPublisher publisher_{folder_.path(), 1};
  const WeightRef weights_ = publisher_.Publish(1, model_.flat().data_ptr(), model_.flat().nbytes());
  InProcessBus bus_{{.rules = {.lease = 0, .peer_timeout = 0}}};
  std::unique_ptr<BusClient> client_ = bus_.Connect(Role::kRollout, 4);
  Telemetry telemetry_{-1, false};
  MetricsEndpoint metrics_{{}};
  std::unique_ptr<RolloutWorker> worker_;
};

TEST_F(RolloutWorkerTurns, ARequestThatTheEngineRefusesIsAnsweredAndTheNextIsSampled) {
  RolloutTask task = RolloutTask::Decode(Task(weights_));
  task.request.prompt_tokens = {4, 20};  // of a vocabulary of 20
  const RolloutResult refused = Do(1, task.Encode());
  EXPECT_THAT(refused.error, testing::HasSubstr("group 3: prompt token 20 is outside the vocabulary of 20"));
  EXPECT_TRUE(refused.user_error) << "every worker would refuse it";
  const RolloutResult sampled = Do(2, Task(weights_));
  EXPECT_EQ(sampled.error, "");
  EXPECT_EQ(sampled.group.trajectories.size(), 2u);
}

TEST_F(RolloutWorkerTurns, ARequestThatThePlanGotWrongIsNotTheUsersMistake) {
  RolloutTask task = RolloutTask::Decode(Task(weights_));
  task.request.num_samples = 0;
  const RolloutResult refused = Do(1, task.Encode());
  EXPECT_THAT(refused.error, testing::HasSubstr("group 3: num_samples 0 must be at least 1"));
  EXPECT_FALSE(refused.user_error);
  EXPECT_EQ(Do(2, Task(weights_)).error, "");
}

TEST_F(RolloutWorkerTurns, ATaskThatDoesNotDecodeIsAnsweredAndTheNextIsSampled) {
  const RolloutResult refused = Do(1, "nonsense");
  EXPECT_THAT(refused.error, testing::HasSubstr("message cut short"));
  EXPECT_FALSE(refused.user_error) << "another program may have written it";
  EXPECT_EQ(Do(2, Task(weights_)).error, "");
}

// Logits that are no numbers end no worker: the group fails, and good weights may come.
TEST_F(RolloutWorkerTurns, WeightsThatHaveDivergedFailTheGroupAlone) {
  Transformer diverged(Shape());
  diverged.flat().fill_(std::nanf(""));
  WeightPublisher publisher(folder_.path() + "/diverged", 1);
  const WeightRef weights = publisher.Publish(2, diverged.flat().data_ptr(), diverged.flat().nbytes());
  const RolloutResult refused = Do(1, Task(weights));
  EXPECT_THAT(refused.error, testing::HasSubstr("no token can be drawn"));
  EXPECT_FALSE(refused.user_error);
  EXPECT_EQ(Do(2, Task(weights_)).error, "");
}

}  // namespace
}  // namespace temper
