#include "cluster/bus/in_process.h"

#include <gmock/gmock.h>

#include "cluster/base/error.h"

namespace temper {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;
using Kind = BusEvent::Kind;

constexpr auto kNow = milliseconds(0);

// A bus whose time stands still until the test moves it.
class InProcessBusTest : public testing::Test {
 protected:
  static constexpr TaskRules kRules{.lease = 100, .peer_timeout = 0, .max_attempts = 3};
  Millis now_ = 1000;
  InProcessBus bus_{{.rules = kRules, .heartbeat = milliseconds(50), .clock = [this] { return now_; }}};

  static std::vector<TaskId> TasksOf(BusClient* client) {
    std::vector<TaskId> ids;
    while (const auto task = client->NextTask()) ids.push_back(task->id);
    return ids;
  }
};

TEST_F(InProcessBusTest, WelcomesAndGivesTasksWithinCapacityInOrder) {
  bus_.SetWelcome(Role::kRollout, "hello");
  const auto client = bus_.Connect(Role::kRollout, 2);
  EXPECT_EQ(client->Register(kNow), "hello");
  for (const TaskId task : {1, 2, 3}) bus_.Submit(Role::kRollout, task, Concat("payload ", task));
  const auto events = bus_.Poll(kNow);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind, Kind::kPeerJoined);
  EXPECT_EQ(events[0].role, Role::kRollout);
  const auto first = client->NextTask();
  EXPECT_EQ(first->payload, "payload 1");
  EXPECT_THAT(TasksOf(client.get()), ElementsAre(2));
  client->SendResult(1, "done");
  client->SendResult(1, "done twice");
  const auto results = bus_.Poll(kNow);
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0].task, 1U);
  EXPECT_EQ(results[0].body, "done");
  EXPECT_EQ(bus_.table().num_duplicates(), 1);
  EXPECT_THAT(bus_.Poll(kNow), IsEmpty());
  EXPECT_THAT(TasksOf(client.get()), ElementsAre(3)) << "the credit is free again";
}

TEST_F(InProcessBusTest, WorkersTakeTurnsInTheOrderInWhichTheyWereAdded) {
  std::string turns;
  bus_.AddWorker([&] { return (turns += "a").size() < 5; });
  bus_.AddWorker([&] { return (turns += "b"), true; });
  for (int i = 0; i < 4; ++i) bus_.Poll(kNow);
  EXPECT_EQ(turns, "abababb") << "the first leaves with the fifth letter";
}

TEST_F(InProcessBusTest, ALeaseRunsOutByTheClockOfTheBusUnlessThereIsProgress) {
  const auto client = bus_.Connect(Role::kReward, 1);
  client->Register(kNow);
  bus_.Submit(Role::kReward, 7, "");
  bus_.Poll(kNow);
  EXPECT_THAT(TasksOf(client.get()), ElementsAre(7));
  now_ += 90;
  client->SetProgress(1);
  client->Beat(false);
  now_ += 90;
  bus_.Poll(kNow);
  EXPECT_EQ(bus_.table().num_requeued(), 0) << "90 ms since the last progress";
  now_ += 20;
  bus_.Poll(kNow);
  EXPECT_EQ(bus_.table().num_requeued(), 1);
  bus_.Poll(kNow);
  EXPECT_THAT(TasksOf(client.get()), ElementsAre(7)) << "there is no other worker";
}

TEST_F(InProcessBusTest, TheTasksOfAWorkerThatDiedGoToAnother) {
  auto first = bus_.Connect(Role::kRollout, 1);
  first->Register(kNow);
  bus_.Submit(Role::kRollout, 5, "");
  bus_.Poll(kNow);
  first.reset();
  const auto second = bus_.Connect(Role::kRollout, 1);
  second->Register(kNow);
  const auto events = bus_.Poll(kNow);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].kind, Kind::kPeerLost);
  EXPECT_EQ(events[0].body, "died");
  EXPECT_THAT(TasksOf(second.get()), ElementsAre(5));
}

TEST_F(InProcessBusTest, WeightsAreThereBeforeTheRequestReturns) {
  const auto client = bus_.Connect(Role::kRollout, 1);
  client->Register(kNow);
  client->RequestWeights("offset 1");
  EXPECT_FALSE(client->NextWeightChunk()) << "nobody answers";
  bus_.SetWeightAnswer([](const std::string& question) { return "bytes for " + question; });
  client->RequestWeights("offset 2");
  EXPECT_EQ(client->NextWeightChunk(), "bytes for offset 2");
}

TEST_F(InProcessBusTest, HeartbeatsCarryTheReportOnceAnInterval) {
  const auto client = bus_.Connect(Role::kRollout, 1);
  client->SetReporter([] { return "busy"; });
  client->Register(kNow);
  bus_.Poll(kNow);
  int reports = 0;
  for (int i = 0; i < 10; ++i, now_ += 10) {
    client->Poll(kNow);
    for (const BusEvent& event : bus_.Poll(kNow)) reports += event.kind == Kind::kReport && event.body == "busy";
  }
  EXPECT_EQ(reports, 2) << "at 0 and 50 of 0..90 ms";
  EXPECT_TRUE(client->clock().known());
  EXPECT_EQ(client->clock().offset_us(), 0);
}

TEST_F(InProcessBusTest, DrainAsksEveryWorkerToLeaveAndLetsItFinish) {
  const auto client = bus_.Connect(Role::kRollout, 1);
  client->Register(kNow);
  bus_.Submit(Role::kRollout, 5, "");
  bus_.AddWorker([&] {
    if (const auto task = client->NextTask()) client->SendResult(task->id, "late");
    if (!client->draining()) return true;
    client->Leave(kNow);
    return false;
  });
  bool result = false;
  for (const BusEvent& event : bus_.Drain(milliseconds(100))) result |= event.kind == Kind::kResult && event.body == "late";
  EXPECT_TRUE(result);
  EXPECT_THAT(bus_.table().Peers(), IsEmpty());
}

}  // namespace
}  // namespace temper
