// kill -9 of one process of a running job: a worker is replaced while the job goes on, a rank ends the job and `temper launch` restarts it.
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
  EXPECT_EQ(CountOf("died (signal 9), starting it again", job.Log(role)), 1);
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
