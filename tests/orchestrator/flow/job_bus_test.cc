// The orchestrator's view of the bus, without a job around it.
#include "orchestrator/flow/job_bus.h"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>

#include "cluster/bus/in_process.h"
#include "cluster/bus/observer.h"
#include "cluster/bus/zmq_client.h"
#include "policy/model/transformer.h"
#include "tests/support/temp_folder.h"
#include "views/live/run_view.h"
#include "workers/rollout_worker.h"

namespace temper {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint64_t kRunId = 7;

// An observer learns how the job ended even while its last worker takes its time to leave.
TEST(JobBus, AnswersObserversWhileItDrains) {
  TempFolder folder;
  ClusterConfig config;
  config.endpoint = "tcp://127.0.0.1:*";
  ZmqServer server(config.endpoint, BusOptionsOf(config, {}, kRunId, 1));
  ClusterMonitor monitor;
  JobBus bus(config, &server, &monitor, 0);
  MonitorOptions options;
  options.run_folder = folder.path();
  monitor.Open(options);
  std::atomic<bool> registered{false};
  std::string problem;
  std::optional<std::string> answer;
  std::thread worker([&, endpoint = server.endpoint()] {
    ZmqClient client({.endpoint = endpoint, .role = Role::kRollout, .capacity = 1, .run_id = kRunId});
    client.Register(seconds(20));
    registered = true;
    while (!client.draining()) client.Poll(milliseconds(5));
    answer = BusObserver({endpoint, kRunId, {}}).Ask(seconds(5), &problem);
    client.Leave(seconds(5));
  });
  while (!registered) bus.Poll(milliseconds(5));
  monitor.SetStage("main", "rl");
  monitor.Finish("done", "");
  bus.Drain(seconds(20));
  worker.join();
  ASSERT_TRUE(answer) << problem;
  EXPECT_EQ(ViewOfPicture(*answer, 0).status->state, "done");
}

// A prompt that no worker can take, from the group to the exit code: the worker lives, and the job ends as the user's mistake.
TEST(JobBus, APoisonedPromptEndsTheJobAndNoWorker) {
  const TempFolder folder;
  TransformerConfig shape;
  shape.vocab_size = 20;
  shape.hidden_size = shape.intermediate_size = shape.head_dim = 8;
  shape.num_layers = shape.num_heads = shape.num_kv_heads = 1;
  shape.max_positions = 32;
  Transformer model(shape);
  model.Initialize(1);
  WeightPublisher publisher(folder.path(), 1);
  InProcessBus server({.rules = {.lease = 0, .peer_timeout = 0}});
  ClusterMonitor monitor;
  JobBus bus(ClusterConfig(), &server, &monitor, 0);
  RolloutWelcome welcome;
  welcome.config_json = ToConfigJson(shape);
  welcome.device = DeviceChoice::kCpu;
  welcome.max_tokens = 32;
  server.SetWelcome(Role::kRollout, welcome.Encode());
  const auto client = server.Connect(Role::kRollout, 4);
  Telemetry telemetry(-1, false);
  MetricsEndpoint metrics({});
  RolloutWorker worker(client.get(), &telemetry, &metrics, client->Register(milliseconds(0)), 0);
  int64_t turns = 0;
  server.AddWorker([&] { return ++turns, worker.RunOnce(); });
  const Prompt prompt{"p9", "text", "", "", "", ""};
  GroupSpec spec;
  spec.prompt = &prompt;
  spec.task.weights = publisher.Publish(1, model.flat().data_ptr(), model.flat().nbytes());
  spec.task.request.group_id = 1;
  spec.task.request.num_samples = 1;
  spec.task.request.prompt_tokens = {4, 77};
  bus.BeginPhase(nullptr);
  bus.Issue(spec, nullptr);
  try {
    for (int i = 0; i < 10; ++i) bus.Poll(milliseconds(0));
    ADD_FAILURE() << "nobody minded";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("prompt p9: sampling refused by a rollout worker: "));
    EXPECT_THAT(error.what(), testing::HasSubstr("prompt token 77 is outside the vocabulary of 20"));
  }
  const int64_t before = turns;
  bus.Poll(milliseconds(0));
  EXPECT_EQ(turns, before + 1) << "the worker lives";
  EXPECT_EQ(bus.workers_lost(), 0);
}

}  // namespace
}  // namespace temper
