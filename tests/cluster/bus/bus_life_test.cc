// Peers that come late, fall silent, die, leave, or find the endpoint taken.
#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <unistd.h>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/bus/zmq_client.h"
#include "cluster/bus/zmq_server.h"
#include "tests/cluster/bus/bus_fixture.h"
#include "tests/support/child_process.h"

namespace temper {
namespace {

using testing::HasSubstr;

TEST(BusLife, HeartbeatsWithProgressRenewALeaseAndWithoutDoNot) {
  BusOptions options = ServerOptions();
  options.rules.lease = 500;
  ZmqServer server(kAnyPort, options);
  Loop loop(&server);
  ZmqClient client(ClientOptions(server.endpoint()));
  loop.Register(&client);
  server.Submit(Role::kRollout, 5, "");
  ASSERT_TRUE(loop.Until([&] { return !TasksOf(client).empty(); }));
  const Millis end = NowMillis() + 1500;
  for (uint64_t progress = 1; NowMillis() < end; ++progress) {
    client.SetProgress(progress);
    loop.Turn();
  }
  EXPECT_EQ(server.table().num_requeued(), 0);
  // Heartbeats alone: alive but stuck. There is no other worker, so that the task comes to this one again.
  ASSERT_TRUE(loop.Until([&] { return server.table().num_requeued() == 1 && !TasksOf(client).empty(); }));
}

TEST(BusLife, ATaskNobodyFinishesIsReportedAsFailed) {
  BusOptions options = ServerOptions();
  options.rules = {.lease = 100, .peer_timeout = 60'000, .max_attempts = 2};
  ZmqServer server(kAnyPort, options);
  Loop loop(&server);
  ZmqClient client(ClientOptions(server.endpoint()));
  loop.Register(&client);
  server.Submit(Role::kRollout, 5, "");
  ASSERT_TRUE(loop.Until([&] { return !loop.Of(Kind::kTaskFailed).empty(); }));
  EXPECT_EQ(loop.Of(Kind::kTaskFailed)[0].task, 5u);
  EXPECT_EQ(TasksOf(client).size(), 2u);
}

TEST(BusLife, DrainEndsWhenEveryPeerHasLeft) {
  ZmqServer server(kAnyPort, ServerOptions());
  std::vector<std::thread> workers;
  std::atomic<int> left = 0;
  for (int i = 0; i < 3; ++i) {
    workers.emplace_back([&] {
      ZmqClient client(ClientOptions(server.endpoint()));
      client.Register(seconds(20));
      while (!client.draining()) client.Poll(milliseconds(10));
      client.Leave(seconds(5));
      ++left;
    });
  }
  Loop loop(&server);
  EXPECT_TRUE(loop.Until([&] { return server.table().NumPeers(Role::kRollout) == 3; }));
  const Millis start = NowMillis();
  server.Drain(seconds(20));
  EXPECT_LT(NowMillis() - start, 10'000);
  EXPECT_THAT(server.table().Peers(), testing::IsEmpty());
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(left, 3);
}

TEST(BusLife, DrainGivesUpAtItsDeadline) {
  ZmqServer server(kAnyPort, ServerOptions());
  Loop loop(&server);
  ZmqClient client(ClientOptions(server.endpoint()));
  loop.Register(&client);
  const Millis start = NowMillis();
  server.Drain(milliseconds(300));  // the client does not listen
  EXPECT_GE(NowMillis() - start, 300);
  EXPECT_LT(NowMillis() - start, 5'000);
}

// The tasks of workers that are killed -9 go to others; every task is answered once.
TEST(BusLife, TasksOfKilledWorkersGoToOthers) {
  BusOptions options = ServerOptions();
  options.rules.peer_timeout = 1500;
  ZmqServer server(kAnyPort, options);
  Loop loop(&server);
  ChildProcess holder({"--hold", server.endpoint()});
  ASSERT_TRUE(loop.Until([&] { return server.table().NumPeers(Role::kRollout) == 1; }));
  for (TaskId task = 0; task < 20; ++task) server.Submit(Role::kRollout, task, Concat("payload ", task));
  ASSERT_TRUE(loop.Until([&] { return server.table().num_leased() == 4; }));
  ChildProcess worker({"--work", server.endpoint()});
  ASSERT_TRUE(loop.Until([&] { return loop.Of(Kind::kResult).size() == 16; }));
  loop.For(milliseconds(2000));  // the holder lives and keeps what it has
  EXPECT_EQ(loop.Of(Kind::kResult).size(), 16u);
  holder.Kill();
  ASSERT_TRUE(loop.Until([&] { return loop.Of(Kind::kResult).size() == 20; }));
  EXPECT_GE(server.table().num_requeued(), 4);
  EXPECT_EQ(loop.Of(Kind::kPeerLost).size(), 1u);
  std::set<TaskId> tasks;
  for (const BusEvent& event : loop.Of(Kind::kResult)) {
    EXPECT_TRUE(tasks.insert(event.task).second);
    EXPECT_EQ(event.body, Concat("done payload ", event.task));
  }
  server.Drain(seconds(10));
  EXPECT_EQ(worker.Wait(), 0);
}

TEST(BusLife, RegistersAgainWithARestartedServerAndDropsResultsOfTheOldOne) {
  auto server = std::make_unique<ZmqServer>(kAnyPort, ServerOptions());
  const std::string endpoint = server->endpoint();
  server->SetWelcome(Role::kRollout, "first");
  auto options = ClientOptions(endpoint);
  options.silence = milliseconds(400);
  ZmqClient client(options);
  {
    Loop loop(server.get());
    loop.Register(&client);
    server->Submit(Role::kRollout, 5, "old");
    ASSERT_TRUE(loop.Until([&] { return !TasksOf(client).empty(); }));
  }
  server.reset();
  client.SendResult(5, "of the first life");
  BusOptions second = ServerOptions();
  second.epoch = 2;
  server = std::make_unique<ZmqServer>(endpoint, second);
  server->SetWelcome(Role::kRollout, "second");
  server->Submit(Role::kRollout, 5, "new");
  Loop loop(server.get());
  loop.Add(&client);
  ASSERT_TRUE(loop.Until([&] { return client.NextWelcome() == "second"; }));
  std::vector<BusTask> tasks;
  ASSERT_TRUE(loop.Until([&] { return !(tasks = TasksOf(client)).empty(); }));
  EXPECT_EQ(tasks[0].payload, "new");
  loop.For(milliseconds(300));
  EXPECT_TRUE(loop.Of(Kind::kResult).empty());  // the old task of the same id was other work
  client.SendResult(5, "of the second life");
  ASSERT_TRUE(loop.Until([&] { return !loop.Of(Kind::kResult).empty(); }));
  EXPECT_EQ(loop.Of(Kind::kResult)[0].body, "of the second life");
}

// A mistake in the config: nothing that a restart would help against.
TEST(BusLife, AnEndpointThatCannotBeHadIsAConfigErrorThatNamesTheKey) {
  const auto error = [](const std::string& endpoint) -> std::string {
    try {
      ZmqServer server(endpoint, ServerOptions());
    } catch (const ConfigError& refused) {
      return refused.what();
    }
    return "no error";
  };
  const ZmqServer first(kAnyPort, ServerOptions());
  EXPECT_EQ(error(first.endpoint()), "cluster.endpoint: cannot listen on " + first.endpoint() +
                                         ": Address already in use by another program; name a free one (tcp://127.0.0.1:* takes any)");
  EXPECT_THAT(error("tcp://127.0.0.1:x"), HasSubstr("cluster.endpoint: cannot listen on tcp://127.0.0.1:x: Invalid argument; "));
  EXPECT_THAT(error("ipc:///nowhere/socket"), HasSubstr("cluster.endpoint: cannot listen on ipc:///nowhere/socket: "));
}

TEST(BusLife, WaitsForAnEndpointThatBecomesFree) {
  auto first = std::make_unique<ZmqServer>(kAnyPort, ServerOptions());
  const std::string endpoint = first->endpoint();
  std::thread leaving([&] {
    std::this_thread::sleep_for(milliseconds(300));
    first.reset();
  });
  BusOptions options = ServerOptions();
  options.bind_patience = seconds(20);
  EXPECT_EQ(ZmqServer(endpoint, options).endpoint(), endpoint);
  leaving.join();
}

// The two workers that run as processes of their own.
int RunWorker(const std::string& mode, const std::string& endpoint) {
  alarm(60);
  ZmqClient client(ClientOptions(endpoint, 4));
  client.Register(seconds(20));
  while (!client.draining()) {
    client.Poll(milliseconds(10));
    if (mode == "--hold") continue;
    while (auto task = client.NextTask()) client.SendResult(task->id, "done " + task->payload);
  }
  client.Leave(seconds(5));
  return 0;
}

TEST(BusLife, HeartbeatsCarryWhatTheReporterSaysAndTeachTheClock) {
  ZmqServer server(kAnyPort, ServerOptions());
  ZmqClient client(ClientOptions(server.endpoint()));
  int told = 0;
  client.SetReporter([&] { return Concat("report ", ++told); });
  Loop loop(&server);
  loop.Register(&client);
  ASSERT_TRUE(loop.Until([&] { return loop.Of(Kind::kReport).size() >= 3; }));
  const auto reports = loop.Of(Kind::kReport);
  EXPECT_EQ(reports[0].body, "report 1");
  EXPECT_EQ(reports[2].body, "report 3");
  EXPECT_EQ(reports[0].role, Role::kRollout);
  ASSERT_TRUE(loop.Until([&] { return client.clock().known(); }));
  // One process has one clock: the estimate can be off by no more than it says.
  EXPECT_LE(std::abs(client.clock().offset_us()), client.clock().error_us() + 1);
  EXPECT_EQ(server.frames_refused(), 0);
}

TEST(BusLife, ABeatTellsOfALongComputationWithoutAPoll) {
  ZmqServer server(kAnyPort, ServerOptions());
  ZmqClient client(ClientOptions(server.endpoint()));
  client.SetReporter([] { return "computing"; });
  Loop loop(&server);
  loop.Register(&client);
  loop.Remove(&client);
  const size_t before = loop.Of(Kind::kReport).size();
  const Millis begin = NowMillis();
  const auto beats = [&] { return static_cast<Millis>(loop.Of(Kind::kReport).size() - before); };
  ASSERT_TRUE(loop.Until([&] {
    client.Beat(false);
    return beats() >= 4;
  }));
  EXPECT_LE(beats(), (NowMillis() - begin) / 50 + 2) << "one in 50 ms, and one that was on its way when the count began";
}

}  // namespace
}  // namespace temper

int main(int argc, char** argv) {
  if (argc == 3 && argv[1][0] == '-' && std::string(argv[1]).find("gtest") == std::string::npos) return temper::RunWorker(argv[1], argv[2]);
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
