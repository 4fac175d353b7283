// A network between the peers that resets connections and loses single messages. No lease or timeout of these buses runs out within a
// test: what heals here heals by what the peers say of themselves.
#include <memory>
#include <string>

#include <gmock/gmock.h>

#include "cluster/base/clock.h"
#include "cluster/bus/zmq_client.h"
#include "cluster/bus/zmq_server.h"
#include "tests/cluster/bus/bus_fixture.h"
#include "tests/support/tcp_relay.h"

namespace temper {
namespace {

using testing::IsEmpty;

const PeerRole kLearner{Role::kLearner, 0};

class BusFaults : public testing::Test {
 protected:
  BusFaults() { server_.SetRules(Role::kLearner, {.lease = 0, .peer_timeout = 0, .max_attempts = 1'000'000}); }

  std::unique_ptr<ZmqClient> Connect(const PeerRole& role, int64_t capacity = 4) {
    ZmqClient::Options options = ClientOptions(relay_.endpoint(), capacity);
    options.role = role;
    auto client = std::make_unique<ZmqClient>(options);
    loop_.Register(client.get());
    return client;
  }
  // The tasks that reach the client, each answered with its payload, until the server has `results` of them.
  testing::AssertionResult Work(ZmqClient* client, size_t results) {
    const bool done = loop_.Until([&] {
      for (const BusTask& task : TasksOf(*client)) client->SendResult(task.id, "done " + task.payload);
      while (client->NextWelcome()) {
      }
      return loop_.Of(Kind::kResult).size() >= results;
    });
    return done ? testing::AssertionSuccess() : testing::AssertionFailure() << loop_.Of(Kind::kResult).size() << " results";
  }

  ZmqServer server_{kAnyPort, ServerOptions()};
  TcpRelay relay_{server_.endpoint()};
  Loop loop_{&server_};
};

TEST_F(BusFaults, ALostTaskIsGivenAgainByTheNextHeartbeat) {
  const auto worker = Connect(Role::kRollout);
  relay_.SwallowNext("payload-5");
  server_.Submit(Role::kRollout, 5, "payload-5");
  ASSERT_TRUE(Work(worker.get(), 1));
  EXPECT_TRUE(relay_.swallowed());
  EXPECT_EQ(loop_.Of(Kind::kResult)[0].body, "done payload-5");
  EXPECT_EQ(server_.table().num_requeued(), 1);
  EXPECT_THAT(loop_.Of(Kind::kPeerLost), IsEmpty());
}

TEST_F(BusFaults, ALostTaskGoesToAnotherWorkerWhereThereIsOne) {
  const auto first = Connect(Role::kRollout, 4), second = Connect(Role::kRollout, 1);
  relay_.SwallowNext("payload-5");
  server_.Submit(Role::kRollout, 5, "payload-5");  // to the one with the most room
  ASSERT_TRUE(Work(second.get(), 1));
  EXPECT_THAT(TasksOf(*first), IsEmpty());
}

TEST_F(BusFaults, ALostOrderIsGivenToItsLearnerAgain) {
  const auto learner = Connect(kLearner);
  relay_.SwallowNext("order-9");
  server_.Submit(kLearner, 9, "order-9");
  ASSERT_TRUE(Work(learner.get(), 1));
  EXPECT_TRUE(relay_.swallowed());
  EXPECT_THAT(loop_.Of(Kind::kPeerLost), IsEmpty());
}

TEST_F(BusFaults, ALostResultIsSentAgainAndNotAskedFor) {
  const auto worker = Connect(Role::kRollout);
  server_.Submit(Role::kRollout, 5, "payload-5");
  relay_.SwallowNext("done payload-5");
  ASSERT_TRUE(Work(worker.get(), 1));
  EXPECT_TRUE(relay_.swallowed());
  EXPECT_EQ(server_.table().num_requeued(), 0) << "the worker said that it holds the result";
}

TEST_F(BusFaults, WhatAWorkerHoldsIsNotGivenAgain) {
  const auto worker = Connect(Role::kRollout);
  server_.Submit(Role::kRollout, 5, "payload-5");
  loop_.For(milliseconds(500));  // ten heartbeats
  EXPECT_EQ(TasksOf(*worker).size(), 1U);
  EXPECT_EQ(server_.table().num_requeued(), 0);
}

// The learner is busy with an order when every connection is reset, and sends its answer into nothing.
TEST_F(BusFaults, ALearnerAnswersAndTakesOrdersAcrossResets) {
  const auto learner = Connect(kLearner);
  size_t answered = 0;
  for (TaskId order = 1; order <= 20; ++order) {
    server_.Submit(kLearner, order, Concat("order ", order));
    if (order % 3 != 0) relay_.Cut();  // before it is sent, or while it is
    if (order % 3 == 1) {
      std::vector<BusTask> tasks;
      ASSERT_TRUE(loop_.Until([&] { return !(tasks = TasksOf(*learner)).empty(); })) << "order " << order;
      relay_.Cut();
      for (const BusTask& task : tasks) learner->SendResult(task.id, "done " + task.payload);
    }
    ASSERT_TRUE(Work(learner.get(), ++answered)) << "order " << order;
    EXPECT_EQ(loop_.Of(Kind::kResult).back().body, Concat("done order ", order));
  }
  EXPECT_EQ(server_.table().NumPeers(kLearner), 1);
  EXPECT_THAT(loop_.Of(Kind::kPeerLost), IsEmpty()) << "a learner is never given up for a lost connection";
}

TEST_F(BusFaults, AWorkerThatWasGivenUpForALostConnectionRegistersAgain) {
  const auto worker = Connect(Role::kRollout);
  for (TaskId task = 1; task <= 5; ++task) {
    relay_.Cut();
    server_.Submit(Role::kRollout, task, Concat("task ", task));
    ASSERT_TRUE(Work(worker.get(), task));
  }
  EXPECT_EQ(server_.table().NumPeers(Role::kRollout), 1);
}

TEST_F(BusFaults, AnUnreachableLearnerIsKnownToBeOneUntilItIsBack) {
  const auto learner = Connect(kLearner);
  const auto unreachable = [&] {
    const auto peers = server_.table().Peers(kLearner);
    return peers.size() == 1 && server_.table().StateOf(peers[0]).unreachable_since >= 0;
  };
  EXPECT_FALSE(unreachable());
  relay_.Refuse(true);
  relay_.Cut();
  ASSERT_TRUE(loop_.Until(unreachable));
  server_.Submit(kLearner, 9, "order-9");
  loop_.For(milliseconds(200));
  EXPECT_TRUE(unreachable());
  relay_.Refuse(false);
  ASSERT_TRUE(Work(learner.get(), 1));
  EXPECT_FALSE(unreachable());
}

// Its old connection may be thought alive at this end.
TEST_F(BusFaults, ALearnerThatRegistersAnewTakesItsPlaceAndItsOrder) {
  auto first = Connect(kLearner);
  server_.Submit(kLearner, 9, "order-9");
  ASSERT_TRUE(loop_.Until([&] { return !TasksOf(*first).empty(); }));
  loop_.Remove(first.get());
  const auto second = Connect(kLearner);
  ASSERT_TRUE(Work(second.get(), 1));
  EXPECT_EQ(server_.table().NumPeers(kLearner), 1);
  ASSERT_EQ(loop_.Of(Kind::kPeerLost).size(), 1U);
  EXPECT_EQ(loop_.Of(Kind::kPeerLost)[0].body, "registered again");
}

// As when its process is stopped and goes on: it has not looked for longer than a peer may be silent.
TEST(BusPause, AServerThatDidNotLookTakesNobodyForGone) {
  BusOptions options = ServerOptions();
  options.rules = {.lease = 600, .peer_timeout = 600, .max_attempts = 2};
  ZmqServer server(kAnyPort, options);
  Loop loop(&server);
  ZmqClient worker(ClientOptions(server.endpoint()));
  loop.Register(&worker);
  server.Submit(Role::kRollout, 5, "payload-5");
  ASSERT_TRUE(loop.Until([&] { return server.table().num_leased() == 1; }));
  std::this_thread::sleep_for(milliseconds(1500));
  for (int turn = 0; turn < 3; ++turn) loop.Turn();
  EXPECT_THAT(loop.Of(Kind::kPeerLost), IsEmpty());
  EXPECT_EQ(server.table().num_requeued(), 0);
  EXPECT_EQ(TasksOf(worker).size(), 1U);
}

}  // namespace
}  // namespace temper
