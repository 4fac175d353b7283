// The orchestrator's view of the bus, without a job around it.
#include "orchestrator/flow/job_bus.h"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>

#include "cluster/bus/observer.h"
#include "cluster/bus/zmq_client.h"
#include "tests/support/temp_folder.h"
#include "views/live/run_view.h"

namespace temper {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint64_t kRunId = 7;

// Who looks on learns how the job ended even while its last worker takes its time to leave.
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

}  // namespace
}  // namespace temper
