#include <atomic>
#include <cstring>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <zmq.h>
#include <zmq.hpp>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/bus/asking_limits.h"
#include "cluster/bus/bodies.h"
#include "cluster/bus/frame.h"
#include "cluster/bus/zmq_client.h"
#include "cluster/bus/zmq_server.h"
#include "tests/cluster/bus/bus_fixture.h"

namespace temper {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

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

TEST(Bus, WelcomesByRoleAndByItsFirstPart) {
  ZmqServer server(kAnyPort, ServerOptions());
  EXPECT_THAT(server.endpoint(), testing::MatchesRegex("tcp://127\\.0\\.0\\.1:[0-9]+"));
  server.SetWelcome(Role::kLearner, "to any learner");
  server.SetWelcome(Role::kRollout, "to a rollout worker");
  std::atomic<bool> stop = false;
  std::thread serving([&] {
    while (!stop) server.Poll(milliseconds(10));
  });
  ZmqClient rollout(ClientOptions(server.endpoint()));
  EXPECT_EQ(rollout.Register(seconds(20)), "to a rollout worker");
  auto options = ClientOptions(server.endpoint());
  options.role = {Role::kLearner, 3};
  ZmqClient learner(options);
  EXPECT_EQ(learner.Register(seconds(20)), "to any learner");
  stop = true;
  serving.join();
  EXPECT_EQ(server.table().NumPeers(Role::kRollout), 1);
  EXPECT_EQ(server.table().NumPeers({Role::kLearner, 3}), 1);
}

TEST(Bus, GivesTasksWithinCapacityAndDeliversEachResultOnce) {
  ZmqServer server(kAnyPort, ServerOptions());
  Loop loop(&server);
  ZmqClient client(ClientOptions(server.endpoint(), 3));
  loop.Register(&client);
  ASSERT_EQ(loop.Of(Kind::kPeerJoined).size(), 1u);
  for (TaskId task = 0; task < 10; ++task) server.Submit(Role::kRollout, task, Concat("payload ", task));
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
    EXPECT_EQ(event.role, Role::kRollout);
  }
  EXPECT_EQ(server.table().num_open(), 0);
  EXPECT_EQ(server.frames_refused(), 0);
}

TEST(Bus, AResultThatIsSentAgainCountsAsADuplicateAndIsAcknowledged) {
  ZmqServer server(kAnyPort, ServerOptions());
  Loop loop(&server);
  ZmqClient client(ClientOptions(server.endpoint()));
  loop.Register(&client);
  server.Submit(Role::kRollout, 5, "");
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
  ZmqServer server(kAnyPort, ServerOptions());
  Loop loop(&server);
  auto options = ClientOptions(server.endpoint());
  options.silence = milliseconds(200);
  ZmqClient client(options);
  loop.Register(&client);
  server.Submit(Role::kRollout, 5, "");
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
  ZmqServer server(kAnyPort, ServerOptions());
  Loop loop(&server);
  auto options = ClientOptions(server.endpoint());
  options.silence = milliseconds(1000);
  ZmqClient client(options);
  loop.Register(&client);
  loop.Remove(&client);
  loop.For(milliseconds(1500));  // the worker is busy; heartbeats pile up at its socket
  loop.Add(&client);
  loop.For(milliseconds(300));
  EXPECT_FALSE(client.NextWelcome().has_value());
  EXPECT_EQ(loop.Of(Kind::kPeerJoined).size(), 1u);
}

// Two registrations of one identity, as when the first Welcome is slow, must not give its tasks out twice.
TEST(Bus, ARepeatedRegistrationChangesNothing) {
  ZmqServer server(kAnyPort, ServerOptions());
  Loop loop(&server);
  ZmqClient client(ClientOptions(server.endpoint(), 2));
  const Millis later = NowMillis() + 700;
  while (NowMillis() < later) client.Poll(milliseconds(5));  // registers at 0 and at 500 ms, unanswered
  server.Submit(Role::kRollout, 1, "");
  loop.Register(&client);
  std::vector<BusTask> tasks;
  ASSERT_TRUE(loop.Until([&] { return !(tasks = TasksOf(client)).empty(); }));
  EXPECT_EQ(tasks.size(), 1u);
  loop.For(milliseconds(200));
  EXPECT_TRUE(TasksOf(client).empty()) << "it was given out twice";
  EXPECT_EQ(loop.Of(Kind::kPeerJoined).size(), 1u);
  EXPECT_EQ(server.table().num_requeued(), 0);
}

TEST(Bus, RefusesAnotherRunAndSaysSoToTheUser) {
  ZmqServer server(kAnyPort, ServerOptions());
  std::atomic<bool> stop = false;
  std::thread serving([&] {
    while (!stop) server.Poll(milliseconds(10));
  });
  auto options = ClientOptions(server.endpoint());
  options.run_id = kRunId + 1;
  ZmqClient client(options);
  try {
    client.Register(milliseconds(700));
    ADD_FAILURE() << "registered with another run";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("no answer from the orchestrator at " + server.endpoint() + " within 700 ms"));
  }
  stop = true;
  serving.join();
  EXPECT_GT(server.frames_refused(), 0);
  EXPECT_EQ(server.table().Peers().size(), 0u);
}

TEST(Bus, RefusesWhatIsNoFrameOrHasABadBodyAndGoesOn) {
  ZmqServer server(kAnyPort, ServerOptions());
  Loop loop(&server);
  RawPeer peer(server.endpoint());
  peer.Send("hello");
  peer.Send(std::string(100'000, 'x'));
  peer.Send(EncodeFrame({FrameKind::kRegister, kRunId, 0, 1, "short"}));
  peer.Send(EncodeFrame({FrameKind::kRegister, kRunId, 0, 1, EncodeFields(RegisterBody{"orchestrator", 1, "here"})}));  // no peer's role
  peer.Send(EncodeFrame({FrameKind::kResult, kRunId, 0, 2, ""}));
  peer.Send(EncodeFrame({FrameKind::kWelcome, kRunId, 0, 3, ""}));            // not for the orchestrator
  peer.Send(EncodeFrame({FrameKind::kHeartbeat, kRunId, 9, 4, "12345678"}));  // of another epoch
  ASSERT_TRUE(loop.Until([&] { return server.frames_refused() == 7; }));
  ZmqClient client(ClientOptions(server.endpoint()));
  loop.Register(&client);
  EXPECT_EQ(server.table().Peers().size(), 1u);
}

TEST(Bus, AnnouncementsAndWeightChunksArrive) {
  ZmqServer server(kAnyPort, ServerOptions());
  bool there = false;
  server.SetWeightAnswer(
      [&](const std::string& question) { return std::exchange(there, true) ? std::optional("bytes for " + question) : std::nullopt; });
  Loop loop(&server);
  ZmqClient client(ClientOptions(server.endpoint()));
  loop.Register(&client);
  server.Announce(Role::kRollout, "version 1");
  server.Announce(Role::kReward, "not for us");
  server.Announce(Role::kRollout, "version 2");
  client.RequestWeights("offset 6");  // gets no answer: the version is not there yet
  client.RequestWeights("offset 7");
  std::vector<std::string> announced;
  std::optional<std::string> chunk;
  ASSERT_TRUE(loop.Until([&] {
    while (auto text = client.NextAnnouncement()) announced.push_back(*text);
    if (auto body = client.NextWeightChunk()) chunk = body;
    return announced.size() == 2 && chunk;
  }));
  EXPECT_THAT(announced, ElementsAre("version 1", "version 2"));
  EXPECT_EQ(*chunk, "bytes for offset 7");
}

// Its process must not end as if the job were over: its rank would not say that the slot is down.
TEST(Bus, WhoIsSentAwayIsToldWhyAndWhoIsDrainedIsNot) {
  ZmqServer server(kAnyPort, ServerOptions());
  Loop loop(&server);
  ZmqClient liar(ClientOptions(server.endpoint()));
  loop.Register(&liar);
  server.Submit(Role::kRollout, 1, "task");
  EXPECT_TRUE(loop.Until([&] {
    while (liar.NextTask()) liar.SendResult(1, "no result");
    for (const BusEvent& event : std::exchange(loop.events, {}))
      if (event.kind == Kind::kResult) server.GiveAgain(event, "task");
    return liar.draining();
  }));
  EXPECT_THAT(liar.sent_away(), HasSubstr("of its results were none"));
  loop.Remove(&liar);
  ZmqClient honest(ClientOptions(server.endpoint()));
  loop.Register(&honest);
  std::thread leaves([&] {
    while (!honest.draining()) honest.Poll(milliseconds(5));
    honest.Leave(seconds(1));
  });
  server.Drain(seconds(5));
  leaves.join();
  EXPECT_EQ(honest.sent_away(), "");
}

// Nobody asks again here: what the limit of a turn holds back must be answered by a later turn.
TEST(Bus, ARequestForWeightsBeyondTheLimitOfATurnWaitsForTheNext) {
  ZmqServer server(kAnyPort, ServerOptions());
  Loop loop(&server);
  ZmqClient client(ClientOptions(server.endpoint()));
  loop.Register(&client);
  // The first answer lasts until the others are there to be read in the same turn.
  bool first = true;
  server.SetWeightAnswer([&](const std::string& question) {
    if (std::exchange(first, false)) std::this_thread::sleep_for(milliseconds(100));
    return std::optional("bytes for " + question);
  });
  for (int i = 0; i <= AskingLimits::kMaxChunks; ++i) client.RequestWeights(Concat("offset ", i));
  std::string last;
  EXPECT_TRUE(loop.Until([&] {
    while (const auto body = client.NextWeightChunk()) last = *body;
    return last == Concat("bytes for offset ", AskingLimits::kMaxChunks);
  })) << "the last answer was to "
      << last;
}

}  // namespace
}  // namespace temper
