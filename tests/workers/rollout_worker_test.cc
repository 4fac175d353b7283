// A rollout worker at a bus without a job around it.
#include "workers/rollout_worker.h"

#include <atomic>
#include <exception>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

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
  welcome.device = "cpu";
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
    return ReadWeightChunk(request);
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

}  // namespace
}  // namespace temper
