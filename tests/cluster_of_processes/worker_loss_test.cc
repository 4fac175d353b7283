// kill -9 of one process of a running job: a worker is replaced while the job goes on, a rank ends the job and `temper launch` restarts it.
#include <filesystem>

#include <gtest/gtest.h>
#include <signal.h>

#include "tests/cluster_of_processes/recovery_job.h"

namespace temper::testing {
namespace {

class WorkerLoss : public ::testing::TestWithParam<const char*> {};

TEST_P(WorkerLoss, LosesNothing) {
  const std::string role = GetParam();
  TinyJob job("lost_" + role, RecoveryOverrides());
  const auto process = job.StartMpirun(4);
  ASSERT_TRUE(job.HoldAtRlStep(5)) << process->Output();
  const auto workers = job.Workers(role);
  ASSERT_EQ(workers.size(), 1U);
  ASSERT_EQ(kill(workers[0], SIGKILL), 0);
  job.Release();
  ASSERT_EQ(job.Finish(process.get()), 0);
  ExpectComplete(job, kRecoverySteps, kRecoveryGroupSize);
  EXPECT_EQ(job.Weights(), UndisturbedWeights());
  EXPECT_EQ(job.Journal().at("attempts"), 1);
  EXPECT_EQ(CountOf("worker lost: " + role, job.Log("orchestrator")), 1);
  EXPECT_EQ(CountOf("died (signal 9), starting it again", job.Log(role)), 2) << "in the log of its rank and in its own";
  EXPECT_EQ(job.RlRows().back().at("cluster/workers_lost"), 1);
}

INSTANTIATE_TEST_SUITE_P(Roles, WorkerLoss, ::testing::Values("rollout", "reward"));

TEST(WorkerLoss, OneOfTwoRolloutWorkersFreezesAndIsReplaced) {
  std::vector<std::string> overrides = RecoveryOverrides();
  overrides.insert(overrides.end(), {"cluster.learners=1", "cluster.rollout_workers=2", "cluster.peer_timeout_s=5"});
  TinyJob job("frozen", overrides);
  const auto process = job.StartMpirun(5);
  ASSERT_TRUE(job.HoldAtRlStep(5)) << process->Output();
  const auto workers = job.Workers("rollout");
  ASSERT_EQ(workers.size(), 2U);
  ASSERT_EQ(kill(workers[1], SIGCONT), 0);  // the other one stays connected, but silent
  ASSERT_EQ(job.Finish(process.get()), 0);
  ExpectComplete(job, kRecoverySteps, kRecoveryGroupSize);
  EXPECT_EQ(job.Weights(), UndisturbedWeights());
  EXPECT_EQ(CountOf("worker lost: rollout", job.Log("orchestrator")), 1);
}

// The process that starts a worker again is killed: a rank's child that has the rank's command line.
pid_t SpawnerOf(const TinyJob& job, pid_t worker) {
  for (const ProcessInfo& process : ProcessesWith(job.dir()))
    if (process.pid == worker) return process.parent;
  return 0;
}

TEST(SpawnerLoss, TheJobGoesOnWithTheOtherWorker) {
  std::vector<std::string> overrides = RecoveryOverrides();
  overrides.insert(overrides.end(), {"cluster.learners=1", "cluster.rollout_workers=2"});
  TinyJob job("spawner_lost", overrides);
  const auto process = job.StartMpirun(5);
  ASSERT_TRUE(job.HoldAtRlStep(5)) << process->Output();
  const auto workers = job.Workers("rollout");
  ASSERT_EQ(workers.size(), 2U);
  const pid_t spawner = SpawnerOf(job, workers[0]);
  ASSERT_GT(spawner, 1) << "0 would be this test's own process group";
  ASSERT_EQ(kill(spawner, SIGKILL), 0);
  job.Release();
  ASSERT_EQ(job.Finish(process.get()), 0);
  ExpectComplete(job, kRecoverySteps, kRecoveryGroupSize);
  EXPECT_EQ(job.Weights(), UndisturbedWeights());
  EXPECT_EQ(job.Journal().at("attempts"), 1);
  EXPECT_EQ(CountOf("slot down: the rollout worker of rank ", job.Log("orchestrator")), 1) << job.Log("orchestrator");
  EXPECT_EQ(CountOf("slot down: its spawner", job.Log("rollout")), 2) << "in the rank's log and in the worker's";
}

TEST(SpawnerLoss, TheJobEndsAtOnceWithTheLastWorker) {
  TinyJob job("last_spawner_lost", RecoveryOverrides());
  const auto process = job.StartMpirun(4);
  ASSERT_TRUE(job.HoldAtRlStep(5)) << process->Output();
  const pid_t spawner = SpawnerOf(job, job.Workers("reward").at(0));
  ASSERT_GT(spawner, 1) << "0 would be this test's own process group";
  ASSERT_EQ(kill(spawner, SIGKILL), 0);
  job.Release();
  EXPECT_EQ(job.Finish(process.get(), Seconds(10)), 75) << "long before cluster.start_timeout_s";
  EXPECT_EQ(CountOf("0 of 1 reward workers are left, and the job needs 1 (cluster.min_workers): the worker of rank 3 on ", job.output()), 1)
      << job.output();
  EXPECT_EQ(CountOf("see logs/latest/reward/ of the run folder", job.output()), 1) << job.output();
  EXPECT_GT(ReadText(job.folder() + "/logs/latest/reward/rank_3_worker.log").size(), 0U);
}

// The only rollout worker is stopped for good: its spawner ends it, and the next one does its work.
TEST(WorkerLoss, OneThatIsStoppedForGoodIsReplaced) {
  std::vector<std::string> overrides = RecoveryOverrides();
  overrides.insert(overrides.end(), {"cluster.peer_timeout_s=2", "cluster.heartbeat_s=0.5"});
  TinyJob job("stopped", overrides);
  const auto process = job.StartMpirun(4);
  ASSERT_TRUE(job.HoldAtRlStep(5)) << process->Output();
  ASSERT_EQ(job.Finish(process.get()), 0);  // never released
  ExpectComplete(job, kRecoverySteps, kRecoveryGroupSize);
  EXPECT_EQ(job.Weights(), UndisturbedWeights());
  EXPECT_GE(CountOf("has been stopped for ", job.Log("rollout")), 1);
  EXPECT_GE(CountOf("signal 6 (aborted, or found hanging): the stack of process ", job.Log("rollout")), 1);
}

// The published weights are removed while nobody has them in memory but the learner.
TEST(WeightLoss, TheLearnerWritesThemAgain) {
  TinyJob job("weights_lost", RecoveryOverrides());
  const auto process = job.StartMpirun(4);
  ASSERT_TRUE(job.HoldAtRlStep(5)) << process->Output();
  const std::string owner = "-" + std::to_string(job.Rank(1));
  int removed = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/dev/shm")) {
    const std::string name = entry.path().filename();
    if (!name.starts_with("temper-") || !name.ends_with(owner)) continue;
    std::filesystem::remove_all(entry.path());
    ++removed;
  }
  EXPECT_EQ(removed, 1);
  ASSERT_EQ(kill(job.Workers("rollout").at(0), SIGKILL), 0);  // the next one has no weights yet
  job.Release();
  ASSERT_EQ(job.Finish(process.get()), 0);
  ExpectComplete(job, kRecoverySteps, kRecoveryGroupSize);
  EXPECT_EQ(job.Weights(), UndisturbedWeights());
  EXPECT_EQ(job.Journal().at("attempts"), 1);
  EXPECT_GE(CountOf("the learner writes them again", job.Log("orchestrator")), 1);
  EXPECT_GE(CountOf(": written again", job.Log("learner")), 1);
}

class RankLoss : public ::testing::TestWithParam<int> {};

TEST_P(RankLoss, RestartsFromTheCheckpointUnderLaunch) {
  TinyJob job("rank_lost", RecoveryOverrides());
  const auto process = job.StartLaunch();
  ASSERT_TRUE(job.HoldAtRlStep(8)) << process->Output();
  const pid_t rank = job.Rank(GetParam());
  ASSERT_GT(rank, 0);
  ASSERT_EQ(kill(rank, SIGKILL), 0);
  ASSERT_EQ(job.Finish(process.get(), Seconds(60)), 0);
  ExpectComplete(job, kRecoverySteps, kRecoveryGroupSize);
  EXPECT_EQ(job.Weights(), UndisturbedWeights());
  EXPECT_EQ(job.Journal().at("attempts"), 2);
  EXPECT_EQ(CountOf("temper launch: the job ended with code 137, starting it again from the last checkpoint", job.output()), 1)
      << job.output();
  EXPECT_EQ(CountOf("mpirun noticed that process rank " + std::to_string(GetParam()), job.output()), 1) << job.output();
  EXPECT_EQ(CountOf("\n" + std::string(74, '-') + "\n", job.output()), 0) << "a box of mpirun's: " << job.output();
}

INSTANTIATE_TEST_SUITE_P(OrchestratorLearnerRollout, RankLoss, ::testing::Values(0, 1, 2));

}  // namespace
}  // namespace temper::testing
