// Jobs that are ended in the middle and started again: whatever ends them, the weights are those of a run that nothing disturbed.
#include <filesystem>

#include <gtest/gtest.h>
#include <signal.h>

#include "tests/cluster_of_processes/recovery_job.h"

namespace temper::testing {
namespace {

void ExpectResumed(TinyJob* job, int64_t attempts) {
  ExpectComplete(*job, kRecoverySteps, kRecoveryGroupSize);
  EXPECT_EQ(job->Weights(), UndisturbedWeights());
  EXPECT_EQ(job->Journal().at("attempts"), attempts);
}

TEST(Resume, GivesTheSameBitsAfterTheWholeJobWasKilledInRl) {
  TinyJob job("killed", RecoveryOverrides());
  {
    const auto process = job.StartMpirun(4);
    ASSERT_TRUE(job.HoldAtRlStep(7)) << process->Output();
    KillAllWith(job.dir());
    EXPECT_EQ(process->Wait(Seconds(5)), 128 + SIGKILL);
  }
  ASSERT_LT(job.RlRows().size(), static_cast<size_t>(kRecoverySteps)) << "the job was done before it was killed";
  ASSERT_EQ(job.Run(4), 0);
  ExpectResumed(&job, 2);
  EXPECT_EQ(CountOf("resumed from", job.Log("orchestrator")), 1);
}

TEST(Resume, GivesTheSameBitsAfterMpirunAloneWasKilled) {
  TinyJob job("mpirun_killed", RecoveryOverrides());
  {
    const auto process = job.StartMpirun(4);
    ASSERT_TRUE(job.HoldAtRlStep(4)) << process->Output();
    // The ranks notice in their own time; without rollouts, which are held, they cannot be done before.
    process->Signal(SIGKILL);
    EXPECT_EQ(job.Finish(process.get()), 128 + SIGKILL);  // and no rank, spawner or worker outlives it
  }
  ASSERT_LT(job.RlRows().size(), static_cast<size_t>(kRecoverySteps));
  ASSERT_EQ(job.Run(4), 0);
  ExpectResumed(&job, 2);
}

TEST(Resume, GivesTheSameBitsOnOtherWorkersAfterTwoKills) {
  std::vector<std::string> overrides = RecoveryOverrides();
  overrides.insert(overrides.end(), {"cluster.learners=1", "cluster.reward_workers=1"});
  TinyJob job("killed_twice", overrides);
  for (const int step : {3, 11}) {
    const auto process = job.StartMpirun(step == 3 ? 5 : 4);
    ASSERT_TRUE(job.HoldAtRlStep(step)) << process->Output();
    KillAllWith(job.dir());
  }
  ASSERT_LT(job.RlRows().size(), static_cast<size_t>(kRecoverySteps));
  ASSERT_EQ(job.Run(5), 0);
  ExpectResumed(&job, 3);
}

TEST(Resume, GivesTheSameBitsAfterAKillDuringSft) {
  TinyJob job("killed_sft", RecoveryOverrides());
  const std::string metrics = job.folder() + "/sft/metrics.jsonl";
  {
    const auto process = job.StartMpirun(4);
    ASSERT_TRUE(job.HoldAtSftStep(120)) << process->Output();
    KillAllWith(job.dir());
  }
  ASSERT_LT(ReadLines(metrics).size(), static_cast<size_t>(kRecoverySftSteps));
  ASSERT_EQ(job.Run(4), 0);
  ExpectResumed(&job, 1);  // RL began once
  EXPECT_EQ(job.Rows("sft/metrics.jsonl").size(), static_cast<size_t>(kRecoverySftSteps));
}

TEST(Resume, FallsBackToTheCheckpointBeforeADamagedOne) {
  TinyJob job("damaged", RecoveryOverrides());
  {
    const auto process = job.StartMpirun(4);
    ASSERT_TRUE(job.HoldAtRlStep(8)) << process->Output();
    KillAllWith(job.dir());
  }
  // By its number: a kill may come between a checkpoint and the link to it.
  const std::string newest = job.folder() + "/main/checkpoints/step_" + std::to_string(job.NewestCheckpoint("main"));
  std::filesystem::resize_file(newest + "/learner.safetensors", 1000);
  ASSERT_EQ(job.Run(4), 0);
  ExpectResumed(&job, 2);
  EXPECT_EQ(CountOf("is not used: learner.safetensors has 1000 bytes", job.Log("orchestrator")), 1);
}

// Back to an older checkpoint with other settings: nothing of the way left is used again, also when the job is then killed.
TEST(Resume, FromAnOlderCheckpointLeavesTheNewerOnesBehind) {
  std::vector<std::string> overrides = RecoveryOverrides();
  overrides.insert(overrides.end(), {"checkpoint.keep=100", "rl.kl.coef=0"});
  TinyJob job("sent_back", overrides);
  {
    const auto process = job.StartMpirun(4);
    ASSERT_TRUE(job.HoldAtRlStep(13)) << process->Output();
    KillAllWith(job.dir());
  }
  ASSERT_LT(job.RlRows().size(), static_cast<size_t>(kRecoverySteps));
  const std::string checkpoints = job.folder() + "/main/checkpoints";
  job.overrides.back() = "rl.kl.coef=0.5";  // there was no reference before
  job.overrides.insert(job.overrides.end(), {"--resume", job.dir() + "/./" + std::filesystem::path(job.folder()).filename().string() +
                                                             "/main/checkpoints/step_6"});
  {
    const auto process = job.StartMpirun(4);
    ASSERT_TRUE(WaitUntil([&] { return CountOf("main/checkpoints/step_6", job.Log("orchestrator")) > 0; }, Seconds(60)))
        << process->Output();
    ASSERT_TRUE(WaitUntil([&] { return std::filesystem::exists(checkpoints + "/abandoned_step_12"); }, Seconds(20))) << process->Output();
    KillAllWith(job.dir());
  }
  job.overrides.resize(job.overrides.size() - 2);  // as a restart would: --resume auto
  ASSERT_EQ(job.Run(4), 0);
  ExpectComplete(job, kRecoverySteps, kRecoveryGroupSize);
  EXPECT_EQ(job.RlRows().at(5).at("actor/kl"), 0);
  for (size_t step = 6; step < job.RlRows().size(); ++step) EXPECT_GT(job.RlRows().at(step).at("actor/kl"), 0) << step;
  const std::string weights = job.Weights();
  job.overrides.insert(job.overrides.end(), {"--resume", checkpoints + "/step_6"});
  EXPECT_EQ(job.Run(4), 78);
  EXPECT_EQ(CountOf("this stage is finished", job.output()), 1) << job.output();
  std::filesystem::rename(job.folder() + "/main/weights", job.folder() + "/main/weights.old");
  job.overrides.push_back("rl.optimizer.max_grad_norm=0.5");
  EXPECT_EQ(job.Run(4), 78);
  EXPECT_EQ(CountOf("rl.optimizer.max_grad_norm is 0.5, but", job.output()), 1) << job.output();
  job.overrides.pop_back();
  ASSERT_EQ(job.Run(4), 0);
  EXPECT_EQ(job.Weights(), weights) << "the same way from the same step";
}

TEST(Resume, ASecondJobInTheFolderIsRefused) {
  TinyJob job("twice", RecoveryOverrides());
  const auto first = job.StartMpirun(4);
  ASSERT_TRUE(job.HoldAtRlStep(2)) << first->Output();
  JobProcess second({TEMPER_BINARY, "launch", job.config, "run.dir=" + job.dir(),
                     "run.name=" + std::filesystem::path(job.folder()).filename().string(), "--resume", "never"},
                    job.dir() + "/second.txt");
  EXPECT_EQ(second.Wait(Seconds(40)), 78);
  EXPECT_EQ(CountOf("is in use by process", second.Output()), 1) << second.Output();
  job.Release();
  EXPECT_EQ(job.Finish(first.get()), 0);
  ExpectResumed(&job, 1);
}

// With one learner no collective runs out: the orchestrator's own deadline ends the job.
TEST(Resume, ALearnerThatHangsInAnUpdateEndsTheAttempt) {
  std::vector<std::string> overrides = RecoveryOverrides();
  overrides.insert(overrides.end(), {"cluster.step_timeout_s=3", "cluster.collective_timeout_s=1", "checkpoint.every=30"});
  TinyJob job("hung_learner", overrides);
  {
    const auto process = job.StartMpirun(4);
    ASSERT_TRUE(job.HoldAtRlStep(5)) << process->Output();
    const pid_t learner = job.Rank(1);
    ASSERT_GT(learner, 0);
    kill(learner, SIGSTOP);
    job.Release();
    EXPECT_EQ(process->Wait(Seconds(20)), 75);
    EXPECT_EQ(CountOf("the learners did not finish their update within 4 s", process->Output()), 1) << process->Output();
    KillAllWith(job.dir());
  }
  ASSERT_EQ(job.Run(4), 0);
  ExpectResumed(&job, 2);
}

// The multipliers are part of what a checkpoint holds.
TEST(Resume, GivesTheSameBitsWithLearnedMultipliers) {
  std::vector<std::string> overrides = RecoveryOverrides();
  overrides.insert(overrides.end(), {"reward.composer=lagrangian", "reward.cost_limits={safety: 0.01, over_refusal: 0.01}"});
  TinyJob undisturbed("lambda", overrides);
  ASSERT_EQ(undisturbed.Run(4), 0);
  TinyJob job("lambda_killed", overrides);
  {
    const auto process = job.StartMpirun(4);
    ASSERT_TRUE(job.HoldAtRlStep(7)) << process->Output();
    KillAllWith(job.dir());
  }
  ASSERT_LT(job.RlRows().size(), static_cast<size_t>(kRecoverySteps));
  ASSERT_EQ(job.Run(4), 0);
  EXPECT_EQ(job.Weights(), undisturbed.Weights());
  EXPECT_NE(job.Weights(), UndisturbedWeights());
  const char* name = "reward/lambda/safety";
  EXPECT_EQ(job.RlRows().back().at(name), undisturbed.RlRows().back().at(name));
}

// USR1 is what mpirun passes on at once; temper launch makes USR1 of a TERM or INT of its own.
TEST(Preemption, SavesACheckpointAndExits85OnUsr1ToMpirun) {
  TinyJob job("usr1", RecoveryOverrides());
  {
    const auto process = job.StartMpirun(4);
    ASSERT_TRUE(job.HoldAtRlStep(5)) << process->Output();
    process->Signal(SIGUSR1);
    job.Release();
    ASSERT_EQ(job.Finish(process.get(), Seconds(20)), 85);
  }
  EXPECT_EQ(CountOf("temper: preempted: stopped by a signal after RL step", job.output()), 1) << job.output();
  const size_t steps = job.RlRows().size();
  ASSERT_LT(steps, static_cast<size_t>(kRecoverySteps));
  EXPECT_TRUE(std::filesystem::exists(job.folder() + "/main/checkpoints/step_" + std::to_string(steps)))
      << "no checkpoint of the last step";
  ASSERT_EQ(job.Run(4), 0);
  ExpectResumed(&job, 2);
}

class PreemptedLaunch : public ::testing::TestWithParam<int> {};

TEST_P(PreemptedLaunch, SavesACheckpointAndExits85) {
  TinyJob job("launch_stopped", RecoveryOverrides());
  {
    const auto process = job.StartLaunch();
    ASSERT_TRUE(job.HoldAtRlStep(5)) << process->Output();
    process->Signal(GetParam());
    ASSERT_TRUE(WaitUntil([&] { return CountOf("temper launch: stopping at the end of this step", process->Output()) == 1; }, Seconds(10)));
    job.Release();
    ASSERT_EQ(job.Finish(process.get(), Seconds(20)), 85);
  }
  const size_t steps = job.RlRows().size();
  ASSERT_LT(steps, static_cast<size_t>(kRecoverySteps));
  EXPECT_TRUE(std::filesystem::exists(job.folder() + "/main/checkpoints/step_" + std::to_string(steps)));
  const auto process = job.StartLaunch();
  ASSERT_EQ(job.Finish(process.get()), 0);
  ExpectResumed(&job, 2);
}

INSTANTIATE_TEST_SUITE_P(Signals, PreemptedLaunch, ::testing::Values(SIGTERM, SIGINT));

// mpirun passes TERM on after a second, kills after another, and ends with a code of its own. A loaded machine may have no time for a
// step's edge in between: a checkpoint from before must do.
TEST(Preemption, LosesNothingOnTermToMpirun) {
  TinyJob job("term", RecoveryOverrides());
  const std::string metrics = job.folder() + "/sft/metrics.jsonl";
  {
    const auto process = job.StartMpirun(4);
    ASSERT_TRUE(WaitUntil([&] { return !ReadLines(metrics).empty(); }, Seconds(60))) << process->Output();
    process->Signal(SIGTERM);
    ASSERT_NE(job.Finish(process.get(), Seconds(20)), 0);
  }
  ASSERT_EQ(job.Run(4), 0);
  ExpectComplete(job, kRecoverySteps, kRecoveryGroupSize);
  EXPECT_EQ(job.Weights(), UndisturbedWeights());
}

// A step that never ends has no edge to stop at.
TEST(Preemption, ASecondSignalEndsAStuckJobAtOnce) {
  TinyJob job("stuck", RecoveryOverrides());
  const auto process = job.StartMpirun(4);
  ASSERT_TRUE(job.HoldAtRlStep(5)) << process->Output();
  const pid_t learner = job.Rank(1);
  ASSERT_GT(learner, 0);
  kill(learner, SIGSTOP);
  job.Release();
  process->Signal(SIGUSR1);
  EXPECT_TRUE(process->RunsFor(Seconds(1.5)));
  process->Signal(SIGUSR1);
  EXPECT_EQ(job.Finish(process.get(), Seconds(10)), 75);
}

TEST(Preemption, StopsDuringSft) {
  TinyJob job("usr1_sft", RecoveryOverrides());
  const std::string metrics = job.folder() + "/sft/metrics.jsonl";
  {
    const auto process = job.StartMpirun(4);
    ASSERT_TRUE(WaitUntil([&] { return ReadLines(metrics).size() > 30; }, Seconds(60))) << process->Output();
    process->Signal(SIGUSR1);
    ASSERT_EQ(job.Finish(process.get(), Seconds(20)), 85);
  }
  EXPECT_EQ(CountOf("stopped by a signal after SFT step", job.output()), 1) << job.output();
  ASSERT_EQ(job.Run(4), 0);
  ExpectResumed(&job, 1);
}

TEST(Preemption, StopsBeforeTheWorkersHaveRegistered) {
  TinyJob job("usr1_start", RecoveryOverrides());
  {
    const auto process = job.StartMpirun(4);
    ASSERT_TRUE(WaitUntil([&] { return std::filesystem::exists(job.folder() + "/logs/attempt_1/reward"); }, Seconds(60)));
    process->Signal(SIGUSR1);
    ASSERT_EQ(job.Finish(process.get(), Seconds(30)), 85);
  }
  ASSERT_EQ(job.Run(4), 0);
  EXPECT_EQ(job.Weights(), UndisturbedWeights());
}

}  // namespace
}  // namespace temper::testing
