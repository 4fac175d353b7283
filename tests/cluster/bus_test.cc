#include "cluster/bus.h"

#include <atomic>
#include <cstring>
#include <set>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <unistd.h>
#include <zmq.h>
#include <zmq.hpp>

#include "cluster/clock.h"
#include "cluster/error.h"
#include "tests/support/child_process.h"

namespace temper {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using Kind = BusEvent::Kind;

constexpr uint64_t kRunId = 77;
const char* const kAnyPort = "tcp://127.0.0.1:*";

BusOptions ServerOptions() { return {kRunId, 1, milliseconds(50), {.lease = 60'000, .peer_timeout = 60'000, .max_attempts = 20}}; }

BusClient::Options ClientOptions(const std::string& endpoint, int64_t capacity = 1) {
  return {endpoint, "rollout", capacity, kRunId, milliseconds(50), seconds(10)};
}

// What a peer of another program, or a broken one, may send.
class RawPeer {
 public:
  explicit RawPeer(const std::string& endpoint) : socket_(context_, zmq::socket_type::dealer) {
    const PeerId id = 4711;
    socket_.set(zmq::sockopt::routing_id, "T" + std::string(reinterpret_cast<const char*>(&id), sizeof(id)));
    socket_.set(zmq::sockopt::linger, 0);
    socket_.connect(endpoint);
  }
  void Send(const std::string& bytes) { socket_.send(zmq::buffer(bytes), zmq::send_flags::none); }

 private:
  zmq::context_t context_{1};
  zmq::socket_t socket_;
};

// Polls both ends, in this thread, until `done` holds; keeps every event.
class Loop {
 public:
  explicit Loop(BusServer* server) : server_(server) {}
  void Add(BusClient* client) { clients_.push_back(client); }
  void Remove(BusClient* client) { std::erase(clients_, client); }

  bool Until(const std::function<bool()>& done, milliseconds limit = seconds(20)) {
    const Millis end = NowMillis() + limit.count();
    while (!done()) {
      if (NowMillis() >= end) return false;
      Turn();
    }
    return true;
  }
  void For(milliseconds time) {
    Until([] { return false; }, time);
  }
  void Turn() {
    for (BusEvent& event : server_->Poll(milliseconds(2))) events.push_back(std::move(event));
    for (BusClient* client : clients_) client->Poll(milliseconds(1));
  }
  std::vector<BusEvent> Of(Kind kind) const {
    std::vector<BusEvent> found;
    for (const BusEvent& event : events) {
      if (event.kind == kind) found.push_back(event);
    }
    return found;
  }
  void Register(BusClient* client) {
    Add(client);
    ASSERT_TRUE(Until([&] { return client->NextWelcome().has_value(); }));
  }

  std::vector<BusEvent> events;

 private:
  BusServer* server_;
  std::vector<BusClient*> clients_;
};

std::vector<BusTask> TasksOf(BusClient& client) {
  std::vector<BusTask> tasks;
  while (auto task = client.NextTask()) tasks.push_back(*task);
  return tasks;
}

TEST(Bus, WelcomesByRoleAndByItsFirstPart) {
  BusServer server(kAnyPort, ServerOptions());
  EXPECT_THAT(server.endpoint(), testing::MatchesRegex("tcp://127\\.0\\.0\\.1:[0-9]+"));
  server.SetWelcome("learner", "to any learner");
  server.SetWelcome("rollout", "to a rollout worker");
  std::atomic<bool> stop = false;
  std::thread serving([&] {
    while (!stop) server.Poll(milliseconds(10));
  });
  BusClient rollout(ClientOptions(server.endpoint()));
  EXPECT_EQ(rollout.Register(seconds(20)), "to a rollout worker");
  auto options = ClientOptions(server.endpoint());
  options.role = "learner/3";
  BusClient learner(options);
  EXPECT_EQ(learner.Register(seconds(20)), "to any learner");
  stop = true;
  serving.join();
  EXPECT_EQ(server.table().NumPeers("rollout"), 1);
  EXPECT_EQ(server.table().NumPeers("learner/3"), 1);
}

TEST(Bus, GivesTasksWithinCapacityAndDeliversEachResultOnce) {
  BusServer server(kAnyPort, ServerOptions());
  Loop loop(&server);
  BusClient client(ClientOptions(server.endpoint(), 3));
  loop.Register(&client);
  ASSERT_EQ(loop.Of(Kind::kPeerJoined).size(), 1u);
  for (TaskId task = 0; task < 10; ++task) server.Submit("rollout", task, Concat("payload ", task));
  std::vector<TaskId> order;
  size_t most_held = 0;
  std::vector<BusTask> held;
  ASSERT_TRUE(loop.Until([&] {
    for (BusTask& task : TasksOf(client)) held.push_back(task);
    most_held = std::max(most_held, held.size());
    EXPECT_LE(server.table().num_leased(), 3);
    if (!held.empty()) {
      EXPECT_EQ(held.front().payload, Concat("payload ", held.front().id));
      order.push_back(held.front().id);
      client.SendResult(held.front().id, Concat("result ", held.front().id));
      held.erase(held.begin());
    }
    return loop.Of(Kind::kResult).size() == 10;
  }));
  EXPECT_EQ(most_held, 3u);
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
  for (const BusEvent& event : loop.Of(Kind::kResult)) {
    EXPECT_EQ(event.body, Concat("result ", event.task));
    EXPECT_EQ(event.role, "rollout");
  }
  EXPECT_EQ(server.table().num_open(), 0);
  EXPECT_EQ(server.frames_refused(), 0);
}

TEST(Bus, AResultThatIsSentAgainCountsAsADuplicateAndIsAcknowledged) {
  BusServer server(kAnyPort, ServerOptions());
  Loop loop(&server);
  BusClient client(ClientOptions(server.endpoint()));
  loop.Register(&client);
  server.Submit("rollout", 5, "");
  ASSERT_TRUE(loop.Until([&] { return !TasksOf(client).empty(); }));
  client.SendResult(5, "first");
  client.Poll(milliseconds(0));
  client.SendResult(5, "second");
  client.Poll(milliseconds(0));
  ASSERT_TRUE(loop.Until([&] { return server.table().num_duplicates() == 1; }));
  ASSERT_EQ(loop.Of(Kind::kResult).size(), 1u);
  EXPECT_EQ(loop.Of(Kind::kResult)[0].body, "first");
  // An acknowledged result is not sent a third time: the time for that is two seconds.
  loop.For(milliseconds(2500));
  EXPECT_EQ(server.table().num_duplicates(), 1);
}

// Results are kept and sent again, under a new identity, until the orchestrator has answered.
TEST(Bus, AResultSurvivesADeafPhaseOfTheOrchestrator) {
  BusServer server(kAnyPort, ServerOptions());
  Loop loop(&server);
  auto options = ClientOptions(server.endpoint());
  options.silence = milliseconds(200);
  BusClient client(options);
  loop.Register(&client);
  server.Submit("rollout", 5, "");
  ASSERT_TRUE(loop.Until([&] { return !TasksOf(client).empty(); }));
  client.SendResult(5, "kept");
  const Millis deaf_until = NowMillis() + 500;
  while (NowMillis() < deaf_until) client.Poll(milliseconds(5));  // nobody polls the server; the client gives its socket up
  ASSERT_TRUE(loop.Until([&] { return loop.Of(Kind::kResult).size() == 1 && client.NextWelcome().has_value(); }));
  EXPECT_EQ(loop.Of(Kind::kResult)[0].body, "kept");
  loop.For(milliseconds(300));
  EXPECT_EQ(loop.Of(Kind::kResult).size(), 1u);
}

TEST(Bus, WhatArrivedWhileTheWorkerComputedIsNoSilence) {
  BusServer server(kAnyPort, ServerOptions());
  Loop loop(&server);
  auto options = ClientOptions(server.endpoint());
  options.silence = milliseconds(200);
  BusClient client(options);
  loop.Register(&client);
  loop.Remove(&client);
  loop.For(milliseconds(600));  // the worker is busy; heartbeats pile up at its socket
  loop.Add(&client);
  loop.For(milliseconds(300));
  EXPECT_FALSE(client.NextWelcome().has_value());
  EXPECT_EQ(loop.Of(Kind::kPeerJoined).size(), 1u);
}

// Two registrations of one identity, as when the first Welcome is slow, must not give its tasks out twice.
TEST(Bus, ARepeatedRegistrationChangesNothing) {
  BusServer server(kAnyPort, ServerOptions());
  Loop loop(&server);
  BusClient client(ClientOptions(server.endpoint(), 2));
  const Millis later = NowMillis() + 700;
  while (NowMillis() < later) client.Poll(milliseconds(5));  // registers at 0 and at 500 ms, unanswered
  server.Submit("rollout", 1, "");
  loop.Register(&client);
  loop.For(milliseconds(200));
  EXPECT_EQ(TasksOf(client).size(), 1u);
  EXPECT_EQ(loop.Of(Kind::kPeerJoined).size(), 1u);
  EXPECT_EQ(server.table().num_requeued(), 0);
}

TEST(Bus, RefusesAnotherRunAndSaysSoToTheUser) {
  BusServer server(kAnyPort, ServerOptions());
  std::atomic<bool> stop = false;
  std::thread serving([&] {
    while (!stop) server.Poll(milliseconds(10));
  });
  auto options = ClientOptions(server.endpoint());
  options.run_id = kRunId + 1;
  BusClient client(options);
  try {
    client.Register(milliseconds(700));
    ADD_FAILURE() << "registered with another run";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("no answer from the orchestrator at " + server.endpoint() + " within 700 ms"));
  }
  stop = true;
  serving.join();
  EXPECT_GT(server.frames_refused(), 0);
  EXPECT_EQ(server.table().NumPeers(""), 0);
}

TEST(Bus, RefusesWhatIsNoFrameOrHasABadBodyAndGoesOn) {
  BusServer server(kAnyPort, ServerOptions());
  Loop loop(&server);
  RawPeer peer(server.endpoint());
  peer.Send("hello");
  peer.Send(std::string(100'000, 'x'));
  peer.Send(EncodeFrame({FrameKind::kRegister, kRunId, 0, 1, "short"}));
  peer.Send(EncodeFrame({FrameKind::kResult, kRunId, 0, 2, ""}));
  peer.Send(EncodeFrame({FrameKind::kWelcome, kRunId, 0, 3, ""}));            // not for the orchestrator
  peer.Send(EncodeFrame({FrameKind::kHeartbeat, kRunId, 9, 4, "12345678"}));  // of another epoch
  ASSERT_TRUE(loop.Until([&] { return server.frames_refused() == 6; }));
  BusClient client(ClientOptions(server.endpoint()));
  loop.Register(&client);
  EXPECT_EQ(server.table().NumPeers(""), 1);
}

TEST(Bus, HeartbeatsWithProgressRenewALeaseAndWithoutDoNot) {
  BusOptions options = ServerOptions();
  options.rules.lease = 500;
  BusServer server(kAnyPort, options);
  Loop loop(&server);
  BusClient client(ClientOptions(server.endpoint()));
  loop.Register(&client);
  server.Submit("rollout", 5, "");
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

TEST(Bus, ATaskNobodyFinishesIsReportedAsFailed) {
  BusOptions options = ServerOptions();
  options.rules = {.lease = 100, .peer_timeout = 60'000, .max_attempts = 2};
  BusServer server(kAnyPort, options);
  Loop loop(&server);
  BusClient client(ClientOptions(server.endpoint()));
  loop.Register(&client);
  server.Submit("rollout", 5, "");
  ASSERT_TRUE(loop.Until([&] { return !loop.Of(Kind::kTaskFailed).empty(); }));
  EXPECT_EQ(loop.Of(Kind::kTaskFailed)[0].task, 5u);
  EXPECT_EQ(TasksOf(client).size(), 2u);
}

TEST(Bus, CancelAnnounceAndWeightChunksArrive) {
  BusServer server(kAnyPort, ServerOptions());
  Loop loop(&server);
  BusClient client(ClientOptions(server.endpoint()));
  loop.Register(&client);
  server.Submit("rollout", 5, "");
  ASSERT_TRUE(loop.Until([&] { return !TasksOf(client).empty(); }));
  server.Cancel(5);
  server.Announce("rollout", "version 1");
  server.Announce("reward", "not for us");
  server.Announce("", "to all");
  client.RequestWeights("offset 7");
  std::vector<std::string> announced;
  std::optional<TaskId> cancelled;
  std::optional<std::string> chunk;
  ASSERT_TRUE(loop.Until([&] {
    while (auto text = client.NextAnnouncement()) announced.push_back(*text);
    if (auto id = client.NextCancelled()) cancelled = id;
    for (const BusEvent& event : loop.Of(Kind::kWeightRequest)) server.SendWeightChunk(event.peer, "bytes for " + event.body);
    loop.events.clear();
    if (auto body = client.NextWeightChunk()) chunk = body;
    return announced.size() == 2 && cancelled && chunk;
  }));
  EXPECT_THAT(announced, ElementsAre("version 1", "to all"));
  EXPECT_EQ(*cancelled, 5u);
  EXPECT_EQ(*chunk, "bytes for offset 7");
  client.SendResult(5, "too late");
  ASSERT_TRUE(loop.Until([&] { return server.table().num_duplicates() == 1; }))
      << server.table().num_duplicates() << " " << loop.Of(Kind::kResult).size();
  EXPECT_TRUE(loop.Of(Kind::kResult).empty());
}

TEST(Bus, DrainEndsWhenEveryPeerHasLeft) {
  BusServer server(kAnyPort, ServerOptions());
  std::vector<std::thread> workers;
  std::atomic<int> left = 0;
  for (int i = 0; i < 3; ++i) {
    workers.emplace_back([&] {
      BusClient client(ClientOptions(server.endpoint()));
      client.Register(seconds(20));
      while (!client.draining()) client.Poll(milliseconds(10));
      client.Leave(seconds(5));
      ++left;
    });
  }
  Loop loop(&server);
  EXPECT_TRUE(loop.Until([&] { return server.table().NumPeers("rollout") == 3; }));
  const Millis start = NowMillis();
  server.Drain(seconds(20));
  EXPECT_LT(NowMillis() - start, 10'000);
  EXPECT_EQ(server.table().NumPeers(""), 0);
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(left, 3);
}

TEST(Bus, DrainGivesUpAtItsDeadline) {
  BusServer server(kAnyPort, ServerOptions());
  Loop loop(&server);
  BusClient client(ClientOptions(server.endpoint()));
  loop.Register(&client);
  const Millis start = NowMillis();
  server.Drain(milliseconds(300));  // the client does not listen
  EXPECT_GE(NowMillis() - start, 300);
  EXPECT_LT(NowMillis() - start, 5'000);
}

// The tasks of workers that are killed -9 go to others; every task is answered once.
TEST(Bus, TasksOfKilledWorkersGoToOthers) {
  BusOptions options = ServerOptions();
  options.rules.peer_timeout = 400;
  BusServer server(kAnyPort, options);
  Loop loop(&server);
  ChildProcess holder({"--hold", server.endpoint()});
  ASSERT_TRUE(loop.Until([&] { return server.table().NumPeers("rollout") == 1; }));
  for (TaskId task = 0; task < 20; ++task) server.Submit("rollout", task, Concat("payload ", task));
  ASSERT_TRUE(loop.Until([&] { return server.table().num_leased() == 4; }));
  ChildProcess worker({"--work", server.endpoint()});
  ASSERT_TRUE(loop.Until([&] { return loop.Of(Kind::kResult).size() == 16; }));
  loop.For(milliseconds(600));  // the holder lives and keeps what it has
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

TEST(Bus, RegistersAnewWithARestartedServerAndDropsResultsOfTheOldOne) {
  auto server = std::make_unique<BusServer>(kAnyPort, ServerOptions());
  const std::string endpoint = server->endpoint();
  server->SetWelcome("rollout", "first");
  auto options = ClientOptions(endpoint);
  options.silence = milliseconds(400);
  BusClient client(options);
  {
    Loop loop(server.get());
    loop.Register(&client);
    server->Submit("rollout", 5, "old");
    ASSERT_TRUE(loop.Until([&] { return !TasksOf(client).empty(); }));
  }
  server.reset();
  client.SendResult(5, "of the first life");
  BusOptions second = ServerOptions();
  second.epoch = 2;
  server = std::make_unique<BusServer>(endpoint, second);
  server->SetWelcome("rollout", "second");
  server->Submit("rollout", 5, "new");
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

TEST(Bus, AnEndpointInUseIsAnErrorThatNamesTheKey) {
  BusServer server(kAnyPort, ServerOptions());
  try {
    BusServer second(server.endpoint(), ServerOptions());
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("cannot bind " + server.endpoint()));
    EXPECT_THAT(error.what(), HasSubstr("cluster.endpoint"));
  }
}

// The two workers that run as processes of their own.
int RunWorker(const std::string& mode, const std::string& endpoint) {
  alarm(60);
  BusClient client(ClientOptions(endpoint, 4));
  client.Register(seconds(20));
  while (!client.draining()) {
    client.Poll(milliseconds(10));
    if (mode == "--hold") continue;
    while (auto task = client.NextTask()) client.SendResult(task->id, "done " + task->payload);
  }
  client.Leave(seconds(5));
  return 0;
}

}  // namespace
}  // namespace temper

int main(int argc, char** argv) {
  if (argc == 3 && argv[1][0] == '-' && std::string(argv[1]).find("gtest") == std::string::npos) return temper::RunWorker(argv[1], argv[2]);
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
