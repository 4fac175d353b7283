// What temper launch does when a job has ended, by its exit code and what it left behind.
#include "orchestrator/launch/restart_rule.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "orchestrator/config/experiment_config.h"
#include "orchestrator/launch/supervisor.h"
#include "orchestrator/launch/train_arguments.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using ::testing::ElementsAre;
using Next = AfterJob::Next;

constexpr int kKilled = 137;

TEST(RestartRule, AnEndThatARestartWouldNotChangeIsFinal) {
  for (const int code : {kExitDone, kExitConfig, kExitPreempted, kExitUnhealthy}) {
    const AfterJob after = RestartRule().After(code, /*stop_asked=*/false, /*progress=*/true);
    EXPECT_EQ(after.next, Next::kEnd) << code;
    EXPECT_EQ(after.exit_code, code);
  }
}

TEST(RestartRule, AUserWhoAskedToStopGetsTheCodeForTryingAgain) {
  const AfterJob after = RestartRule().After(kKilled, /*stop_asked=*/true, /*progress=*/true);
  EXPECT_EQ(after.next, Next::kEnd);
  EXPECT_EQ(after.exit_code, kExitRetry);
  EXPECT_EQ(RestartRule().After(kExitPreempted, /*stop_asked=*/true, true).exit_code, kExitPreempted) << "it wrote its checkpoint";
}

TEST(RestartRule, ThreeRestartsWithoutACheckpointAreEnough) {
  RestartRule rule;
  std::vector<int> waits;
  for (int i = 0; i < 3; ++i) {
    const AfterJob after = rule.After(kKilled, false, /*progress=*/false);
    ASSERT_EQ(after.next, Next::kRestart) << i;
    waits.push_back(after.wait_s);
  }
  EXPECT_THAT(waits, ElementsAre(1, 2, 4));
  const AfterJob last = rule.After(kKilled, false, /*progress=*/false);
  EXPECT_EQ(last.next, Next::kGiveUp);
  EXPECT_EQ(last.exit_code, kExitRetry);
  EXPECT_EQ(rule.restarts_without_progress(), 3);
}

TEST(RestartRule, ACheckpointBeginsTheCountAgain) {
  RestartRule rule;
  for (int i = 0; i < 3; ++i) rule.After(kKilled, false, false);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(rule.After(kKilled, false, /*progress=*/true).wait_s, 1) << "a job may die often on its way";
  EXPECT_EQ(rule.After(kKilled, false, false).wait_s, 2);
}

// Neither weights, nor what was set aside, nor what a job that died had begun to write.
TEST(Supervisor, OnlyAnotherCheckpointIsProgress) {
  const TempFolder folder;
  const Experiment experiment =
      LoadExperiment(TEMPER_SOURCE_DIR "/configs/smoke.yaml", {"run.dir=" + folder.path(), "run.name=mine", "arms={a: {}, b: {}}"});
  EXPECT_TRUE(CheckpointsOf(experiment).empty());
  for (const char* other :
       {"mine/sft/weights/step_3", "mine/a/checkpoints/abandoned_step_4", "mine/a/checkpoints/tmp_step_5", "mine/a/traces/step_6"}) {
    std::filesystem::create_directories(folder / other);
    WriteBytes(folder / other + "/manifest.json", "{}");
  }
  EXPECT_TRUE(CheckpointsOf(experiment).empty());
  std::set<CheckpointMark> before;
  for (const char* stage : {"mine/sft", "mine/a", "mine/b/sft", "mine/b"}) {
    CheckpointStore store(folder / stage + "/checkpoints", 1);
    store.Begin(7);
    store.Commit(7, "{}");
    const std::set<CheckpointMark> now = CheckpointsOf(experiment);
    EXPECT_EQ(now.size(), before.size() + 1) << stage;
    before = now;
  }
  // A run that was sent back makes the same step again.
  CheckpointStore store(folder / "mine/b/checkpoints", 1);
  store.SetAsideAfter(3);
  EXPECT_EQ(CheckpointsOf(experiment).size(), 3U);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // above the resolution of a file's time
  store.Begin(7);
  store.Commit(7, "{}");
  const std::set<CheckpointMark> now = CheckpointsOf(experiment);
  EXPECT_EQ(now.size(), 4U);
  EXPECT_FALSE(std::includes(before.begin(), before.end(), now.begin(), now.end()));
}

// The user's own overrides stand between: they may replace the arms, but neither the stages nor the run's name.
TEST(EvaluationOf, IsARunOfItsOwnThatTrainsNothing) {
  TrainArguments given;
  given.config = TEMPER_SOURCE_DIR "/configs/smoke.yaml";
  given.overrides = {"run.name=mine"};
  const TrainArguments arguments = EvaluationOf(given, "/models/m");
  EXPECT_THAT(arguments.overrides, ElementsAre("arms={}", "seeds=[]", "sweep={}", "run.name=mine", "stages=[eval]", "policy.path=/models/m",
                                               "policy.lora.rank=0", "run.name=mine-eval"));
}

}  // namespace
}  // namespace temper
