#include "cluster/bus/task_table.h"

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "cluster/bus/asking_limits.h"

namespace temper {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(AskingLimits, AnObserverIsAnsweredABurstAndThenTenTimesASecond) {
  AskingLimits limits;
  int answered = 0;
  for (int i = 0; i < 1000; ++i) answered += limits.MayAsk(1, 5000);
  EXPECT_EQ(answered, 20);
  EXPECT_TRUE(limits.MayAsk(1, 5100));
  EXPECT_FALSE(limits.MayAsk(1, 5101));
  EXPECT_TRUE(limits.MayAsk(2, 5101)) << "another one is not held up";
}

TEST(AskingLimits, NamesThatAreMadeUpTakeUpNoMemory) {
  AskingLimits limits;
  int answered = 0;
  for (PeerId id = 0; id < 10'000; ++id) answered += limits.MayAsk(id, 1000);
  EXPECT_EQ(answered, 64);
  EXPECT_TRUE(limits.MayAsk(20'000, 1000 + 10'001)) << "the others have gone";
}

TEST(AskingLimits, AWorkerHasSoManyChunksATurn) {
  AskingLimits limits;
  int chunks = 0;
  for (int i = 0; i < 100; ++i) chunks += limits.MayHaveChunk(7);
  EXPECT_EQ(chunks, 8);
  limits.Wait(7, "offset 8");
  limits.Wait(7, "offset 8 again");
  EXPECT_THAT(limits.NextTurn(), ElementsAre(std::pair(PeerId{7}, "offset 8 again")));
  EXPECT_THAT(limits.NextTurn(), IsEmpty());
  EXPECT_TRUE(limits.MayHaveChunk(7));
}

std::vector<std::pair<TaskId, PeerId>> Given(TaskTable& table, Millis now) {
  std::vector<std::pair<TaskId, PeerId>> pairs;
  for (const auto& [task, peer, attempt] : table.Assign(now)) pairs.emplace_back(task, peer);
  table.CheckInvariants();
  return pairs;
}

TEST(TaskTable, GivesOldestFirstToTheFreestPeerWithinCapacity) {
  TaskTable table({});
  table.AddPeer(1, Role::kRollout, 1, 0);
  table.AddPeer(2, Role::kRollout, 3, 0);
  for (const TaskId task : {10, 11, 12, 13, 14}) table.Submit(task, Role::kRollout, 0);
  // Free capacities (1, 3), (1, 2), (1, 1) with the lower id first at a tie, (0, 1).
  EXPECT_THAT(Given(table, 0), ElementsAre(std::pair(10, 2), std::pair(11, 2), std::pair(12, 1), std::pair(13, 2)));
  EXPECT_EQ(table.num_leased(), 4);
  EXPECT_EQ(table.num_queued(Role::kRollout), 1);
  EXPECT_EQ(table.num_open(), 5);
}

TEST(TaskTable, KeepsRolesApart) {
  TaskTable table({});
  table.AddPeer(1, Role::kReward, 5, 0);
  table.Submit(10, Role::kRollout, 0);
  table.Submit(11, Role::kReward, 0);
  EXPECT_THAT(Given(table, 0), ElementsAre(std::pair(11, 1)));
  EXPECT_EQ(table.NumPeers(Role::kReward), 1);
  EXPECT_EQ(table.NumPeers(Role::kRollout), 0);
  EXPECT_THAT(table.Peers(), ElementsAre(1));
}

TEST(TaskTable, GivesEachLearnerItsOwnTasks) {
  TaskTable table({});
  table.AddPeer(1, {Role::kLearner, 1}, 4, 0);
  table.AddPeer(2, {Role::kLearner, 0}, 4, 0);
  table.Submit(10, {Role::kLearner, 0}, 0);
  table.Submit(11, {Role::kLearner, 1}, 0);
  EXPECT_THAT(Given(table, 0), testing::UnorderedElementsAre(std::pair(10, 2), std::pair(11, 1)));
  EXPECT_EQ(table.NumPeers(Role::kLearner), 1) << "learner/0";
}

TEST(TaskTable, AcceptsTheFirstResultFromWhoeverSendsItAndCountsTheOthers) {
  TaskTable table({});
  table.AddPeer(1, Role::kRollout, 1, 0);
  table.Submit(10, Role::kRollout, 0);
  Given(table, 0);
  table.RemovePeer(1);
  EXPECT_EQ(table.num_requeued(), 1);
  table.AddPeer(2, Role::kRollout, 1, 0);
  EXPECT_THAT(Given(table, 0), ElementsAre(std::pair(10, 2)));
  EXPECT_EQ(table.OnResult(1, 10, 5), TaskTable::Verdict::kAccepted);  // the lost peer was only slow
  EXPECT_EQ(table.OnResult(2, 10, 6), TaskTable::Verdict::kDuplicate);
  EXPECT_EQ(table.OnResult(2, 99, 6), TaskTable::Verdict::kDuplicate);
  EXPECT_EQ(table.num_duplicates(), 2);
  EXPECT_EQ(table.num_open(), 0);
  table.CheckInvariants();
}

TEST(TaskTable, AResultOfAQueuedTaskTakesItOutOfTheQueue) {
  TaskTable table({});
  table.Submit(10, Role::kRollout, 0);
  table.Submit(11, Role::kRollout, 0);
  EXPECT_EQ(table.OnResult(7, 10, 0), TaskTable::Verdict::kAccepted);
  table.AddPeer(1, Role::kRollout, 5, 0);
  EXPECT_THAT(Given(table, 0), ElementsAre(std::pair(11, 1)));
}

TEST(TaskTable, TasksOfALostPeerGoFirstAndInOrder) {
  TaskTable table({});
  table.AddPeer(1, Role::kRollout, 2, 0);
  for (const TaskId task : {10, 11, 12}) table.Submit(task, Role::kRollout, 0);
  Given(table, 0);
  table.RemovePeer(1);
  table.CheckInvariants();
  table.AddPeer(2, Role::kRollout, 3, 0);
  EXPECT_THAT(Given(table, 0), ElementsAre(std::pair(10, 2), std::pair(11, 2), std::pair(12, 2)));
}

TEST(TaskTable, RegisteringAgainGivesLeasesBack) {
  TaskTable table({});
  table.AddPeer(1, Role::kRollout, 2, 0);
  table.Submit(10, Role::kRollout, 0);
  Given(table, 0);
  table.AddPeer(1, Role::kRollout, 2, 1);
  EXPECT_EQ(table.num_leased(), 0);
  const auto again = table.Assign(1);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].attempt, 2);
}

TEST(TaskTable, AnExpiredLeaseGoesToAnotherPeerUnlessThereIsNone) {
  TaskTable table({.lease = 100, .peer_timeout = 0});
  table.AddPeer(1, Role::kRollout, 4, 0);
  table.AddPeer(2, Role::kRollout, 1, 0);
  table.Submit(10, Role::kRollout, 0);
  EXPECT_THAT(Given(table, 0), ElementsAre(std::pair(10, 1)));
  EXPECT_THAT(table.Tick(100).leases, IsEmpty());
  EXPECT_THAT(table.Tick(101).leases, ElementsAre(10));
  EXPECT_THAT(Given(table, 101), ElementsAre(std::pair(10, 2)));
  table.RemovePeer(1);
  EXPECT_THAT(table.Tick(202).leases, ElementsAre(10));
  EXPECT_THAT(Given(table, 202), ElementsAre(std::pair(10, 2)));
}

TEST(TaskTable, WhatAPeerSawAndDoesNotHoldIsQueuedAgain) {
  TaskTable table({});
  table.AddPeer(1, Role::kRollout, 4, 0);
  for (const TaskId task : {10, 11, 12, 13}) table.Submit(task, Role::kRollout, 0);
  Given(table, 0);
  table.OnSent(10, 5);
  table.OnSent(11, 5);
  table.OnSent(12, 6);  // 13 could not be sent
  EXPECT_THAT(table.OnHeld(1, 4, {13}), IsEmpty()) << "none of them has reached it yet";
  EXPECT_THAT(table.OnHeld(1, 5, {10, 13}), ElementsAre(11));
  table.CheckInvariants();
  EXPECT_THAT(Given(table, 0), ElementsAre(std::pair(11, 1))) << "there is no other peer";
  table.OnSent(11, 7);
  EXPECT_THAT(table.OnHeld(1, 6, {10, 12, 13}), IsEmpty()) << "it is on its way again";
  EXPECT_THAT(table.OnHeld(1, 7, {10, 11, 12}), ElementsAre(13)) << "what was never sent has reached nobody";
  EXPECT_THAT(table.OnHeld(9, 99, {}), IsEmpty()) << "a stranger";
  table.AddPeer(2, Role::kRollout, 1, 0);
  EXPECT_THAT(Given(table, 0), ElementsAre(std::pair(13, 2))) << "another peer is asked where there is one";
}

TEST(TaskTable, ATaskWithABadResultKeepsItsAttemptsAndAvoidsItsPeer) {
  TaskTable table({.lease = 0, .peer_timeout = 0, .max_attempts = 2});
  table.AddPeer(1, Role::kRollout, 9, 0);
  table.AddPeer(2, Role::kRollout, 1, 0);
  table.Submit(10, Role::kRollout, 0);
  EXPECT_THAT(Given(table, 0), ElementsAre(std::pair(10, 1)));
  EXPECT_EQ(table.AttemptsOf(10), 1);
  EXPECT_EQ(table.OnResult(1, 10, 0), TaskTable::Verdict::kAccepted);
  EXPECT_EQ(table.RoleOfTask(10), nullptr);
  table.Submit(10, Role::kRollout, 0, 1, 1);
  EXPECT_THAT(Given(table, 0), ElementsAre(std::pair(10, 2)));
  EXPECT_EQ(table.OnResult(2, 10, 0), TaskTable::Verdict::kAccepted);
  table.Submit(10, Role::kRollout, 0, 2, 2);
  EXPECT_THAT(Given(table, 0), IsEmpty());
  EXPECT_THAT(table.Tick(0).exhausted, ElementsAre(10));
}

TEST(TaskTable, TimeInWhichNobodyListenedCountsAgainstNobody) {
  TaskTable table({.lease = 100, .peer_timeout = 50});
  table.AddPeer(1, Role::kRollout, 1, 0);
  table.Submit(10, Role::kRollout, 0);
  Given(table, 0);
  table.Excuse(1000, 1010);
  EXPECT_THAT(table.Tick(1050).peers, IsEmpty()) << "it was silent for 50 of the time";
  EXPECT_THAT(table.Tick(1051).peers, ElementsAre(1));
  table.AddPeer(2, Role::kRollout, 1, 1051);
  Given(table, 1051);
  table.Excuse(1000, 1060);
  EXPECT_EQ(table.StateOf(2).last_heard, 1060) << "never in the future";
}

TEST(TaskTable, APeerIsUnreachableUntilItIsHeardOf) {
  TaskTable table({});
  table.AddPeer(1, {Role::kLearner, 0}, 1, 0);
  EXPECT_EQ(table.StateOf(1).unreachable_since, -1);
  table.OnUnreachable(1, 5);
  table.OnUnreachable(1, 9);
  EXPECT_EQ(table.StateOf(1).unreachable_since, 5);
  table.OnProgress(1, 0, 10);
  EXPECT_EQ(table.StateOf(1).unreachable_since, -1);
}

TEST(TaskTable, ProgressRenewsLeasesAndMereTrafficDoesNot) {
  TaskTable table({.lease = 100, .peer_timeout = 0});
  table.AddPeer(1, Role::kRollout, 1, 0);
  table.Submit(10, Role::kRollout, 0);
  Given(table, 0);
  table.OnProgress(1, 5, 90);
  EXPECT_THAT(table.Tick(150).leases, IsEmpty());
  table.OnProgress(1, 5, 160);  // nothing new was done
  table.OnTraffic(1, 160);
  EXPECT_THAT(table.Tick(191).leases, ElementsAre(10));
}

TEST(TaskTable, ASilentPeerIsRemovedAndAnyTrafficKeepsIt) {
  TaskTable table({.lease = 0, .peer_timeout = 50});
  table.AddPeer(1, Role::kRollout, 1, 0);
  table.AddPeer(2, Role::kRollout, 1, 0);
  table.Submit(10, Role::kRollout, 0);
  Given(table, 0);
  table.OnTraffic(2, 40);
  EXPECT_THAT(table.Tick(50).peers, IsEmpty());
  EXPECT_THAT(table.Tick(51).peers, ElementsAre(1));
  EXPECT_FALSE(table.HasPeer(1));
  EXPECT_THAT(Given(table, 51), ElementsAre(std::pair(10, 2)));
}

TEST(TaskTable, ARoleMayHaveRulesOfItsOwn) {
  TaskTable table({.lease = 10, .peer_timeout = 10});
  table.SetRules(Role::kLearner, {.lease = 0, .peer_timeout = 0});
  table.AddPeer(1, {Role::kLearner, 1}, 1, 0);
  table.Submit(10, {Role::kLearner, 1}, 0);
  Given(table, 0);
  const auto expired = table.Tick(1'000'000);
  EXPECT_THAT(expired.peers, IsEmpty());
  EXPECT_THAT(expired.leases, IsEmpty());
}

// A task that fails whoever gets it must end as failed even when a free peer is there at every moment.
TEST(TaskTable, ATaskIsGivenOutAtMostMaxAttemptsTimes) {
  TaskTable table({.lease = 10, .peer_timeout = 0, .max_attempts = 3});
  table.AddPeer(1, Role::kRollout, 1, 0);
  table.AddPeer(2, Role::kRollout, 1, 0);
  table.Submit(10, Role::kRollout, 0);
  int given = 0;
  std::vector<TaskId> exhausted;
  for (Millis now = 0; now < 200; ++now) {
    given += static_cast<int>(Given(table, now).size());
    for (const TaskId task : table.Tick(now).exhausted) exhausted.push_back(task);
    given += static_cast<int>(Given(table, now).size());
  }
  EXPECT_EQ(given, 3);
  EXPECT_THAT(exhausted, ElementsAre(10));
  EXPECT_EQ(table.num_open(), 0);
}

// Peer 1 lost task 10 by its lease, peer 2 is full: 10 waits for 2, but 1 may work on what came after.
TEST(TaskTable, ATaskThatAvoidsTheOnlyFreePeerHoldsUpNobody) {
  TaskTable table({.lease = 100, .peer_timeout = 0, .max_attempts = 5});
  table.AddPeer(1, Role::kRollout, 1, 0);
  table.Submit(10, Role::kRollout, 0);
  EXPECT_THAT(Given(table, 0), ElementsAre(std::pair(10, 1)));
  table.AddPeer(2, Role::kRollout, 1, 50);
  table.Submit(11, Role::kRollout, 50);
  EXPECT_THAT(Given(table, 50), ElementsAre(std::pair(11, 2)));
  table.Submit(12, Role::kRollout, 60);
  table.Submit(13, Role::kRollout, 60);
  EXPECT_THAT(table.Tick(101).leases, ElementsAre(10));
  EXPECT_THAT(Given(table, 101), ElementsAre(std::pair(12, 1)));
  table.CheckInvariants();
  table.OnResult(2, 11, 110);
  EXPECT_THAT(Given(table, 110), ElementsAre(std::pair(10, 2))) << "10 is still the first in line";
  table.OnResult(1, 12, 120);
  EXPECT_THAT(Given(table, 120), ElementsAre(std::pair(13, 1)));
  table.CheckInvariants();
}

TEST(TaskTable, ATaskThatKillsItsPeersIsGivenUpToo) {
  TaskTable table({.lease = 0, .peer_timeout = 0, .max_attempts = 2});
  table.Submit(10, Role::kRollout, 0);
  for (const PeerId peer : {1, 2}) {
    table.AddPeer(peer, Role::kRollout, 1, 0);
    EXPECT_THAT(Given(table, 0), ElementsAre(std::pair(10, peer)));
    table.RemovePeer(peer);
    table.CheckInvariants();
  }
  table.AddPeer(3, Role::kRollout, 1, 0);
  EXPECT_THAT(Given(table, 0), IsEmpty());
  EXPECT_THAT(table.Tick(0).exhausted, ElementsAre(10));
}

TEST(TaskTable, RefusesATaskSubmittedTwiceAndAPeerWithoutCapacity) {
  TaskTable table({});
  table.Submit(10, Role::kRollout, 0);
  EXPECT_THROW(table.Submit(10, Role::kRollout, 0), Error);
  EXPECT_THROW(table.AddPeer(1, Role::kRollout, 0, 0), Error);
}

}  // namespace
}  // namespace temper
