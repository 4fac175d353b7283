// The runs of a config one after the other, with a launch that starts nothing.
#include "orchestrator/launch/sweep_launch.h"

#include <filesystem>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SweepLaunchTest : public ::testing::Test {
 protected:
  SweepLaunchTest() {
    arguments_.config = TEMPER_SOURCE_DIR "/configs/smoke.yaml";
    arguments_.overrides = {"run.dir=" + folder_.path(), "run.name=study", "seeds=[4,5,6]"};
  }
  // Launches the runs, of which each ends with its code; what it printed is in printed_.
  int Launch(const std::vector<int>& codes) {
    const auto launch = [&](const TrainArguments& run) {
      names_.push_back(run.overrides.back());
      return codes.at(names_.size() - 1);
    };
    const auto after = [&](const Sweep& sweep, bool stopped) { shown_ = Concat(sweep.runs.size(), " runs", stopped ? ", stopped" : ""); };
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const int code = LaunchRuns(arguments_, {.launch = launch, .outcome = "done", .after = after});
    printed_ = ::testing::internal::GetCapturedStdout() + ::testing::internal::GetCapturedStderr();
    return code;
  }

  TempFolder folder_;
  TrainArguments arguments_;
  std::vector<std::string> names_;  // the last override of each run that was launched
  std::string printed_;
  std::string shown_;  // what `after` was told; "" = it was not called
};

TEST_F(SweepLaunchTest, LaunchesEachRunInItsFolder) {
  EXPECT_EQ(Launch({0, 0, 0}), kExitDone);
  EXPECT_EQ(names_.size(), 3U);
  EXPECT_THAT(printed_, HasSubstr("temper launch: run 2 of 3, seed_5: run.seed=5\n"));
  EXPECT_EQ(shown_, "3 runs");
}

TEST_F(SweepLaunchTest, ARunThatFailsIsToldTheRestGoesOnAndTheSmallestCodeIsLeft) {
  const std::string logs = folder_.path() + "/study/seed_6/logs/latest";
  std::filesystem::create_directories(logs);
  EXPECT_EQ(Launch({78, 0, 75}), 75);
  EXPECT_EQ(names_.size(), 3U);
  EXPECT_THAT(printed_, HasSubstr("temper launch: run seed_4 failed with exit code 78; going on with the next\n")) << "it has no logs";
  EXPECT_THAT(printed_, HasSubstr("temper launch: run seed_6 failed with exit code 75, see " + logs + "; going on with the next\n"));
  EXPECT_THAT(printed_, HasSubstr("    1  seed_5  run.seed=5  done\n"));
  EXPECT_THAT(printed_, HasSubstr("    2  seed_6  run.seed=6  failed with exit code 75\n"));
}

TEST_F(SweepLaunchTest, ARunThatWasStoppedIsTheLast) {
  EXPECT_EQ(Launch({0, kExitPreempted, 0}), kExitPreempted);
  EXPECT_EQ(names_.size(), 2U);
  EXPECT_THAT(printed_, HasSubstr("    1  seed_5  run.seed=5  stopped\n    2  seed_6  run.seed=6  not started\n"));
  EXPECT_EQ(shown_, "3 runs, stopped");
}

TEST_F(SweepLaunchTest, OneRunIsChosenByIndexOrNameAndASingleRunIsItself) {
  arguments_.member = "seed_5";
  EXPECT_EQ(Launch({7}), 7);
  EXPECT_EQ(names_.size(), 1U);
  EXPECT_EQ(shown_, "") << "there is nothing to compare";
  EXPECT_EQ(OneRun(arguments_).overrides, [&] {
    TrainArguments by_index = arguments_;
    by_index.member = "1";
    return OneRun(by_index).overrides;
  }());
  arguments_.member.clear();
  EXPECT_THROW(OneRun(arguments_), ConfigError) << "which of three?";
  arguments_.overrides.back() = "seeds=[]";
  EXPECT_EQ(OneRun(arguments_).overrides, arguments_.overrides);
}

TEST_F(SweepLaunchTest, ACheckpointIsOfOneRun) {
  arguments_.resume = "runs/study/seed_4/main/checkpoints/step_3";
  EXPECT_THROW(Launch({}), ConfigError);
  ::testing::internal::GetCapturedStdout();
  ::testing::internal::GetCapturedStderr();
}

}  // namespace
}  // namespace temper
