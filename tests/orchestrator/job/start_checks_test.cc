// What a start into the folder of an earlier one is told first.
#include "orchestrator/job/start_checks.h"

#include <filesystem>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "record/run_paths.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using ::testing::HasSubstr;

constexpr char kSmoke[] = TEMPER_SOURCE_DIR "/configs/smoke.yaml";

TEST(StartChecks, AMissingFileIsSaidBeforeSettingsThatDiffer) {
  const TempFolder folder;
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"run.dir=" + folder.path(), "run.name=mine"});
    return LoadExperiment(kSmoke, more);
  };
  for (const Arm& arm : with({}).arms) {
    const ArmPaths paths = RunsPaths(folder.path()).Run("mine").Arm(arm.name);
    std::filesystem::create_directories(paths.Configs());
    WriteBytes(paths.ResolvedConfig(), arm.resolved.ToYaml());
    WriteBytes(paths.Metrics(), "");
  }
  const auto problem = [&](std::vector<std::string> more) -> std::string {
    try {
      CheckInputs(with(std::move(more)), "auto");
      return "none";
    } catch (const ConfigError& error) {
      return error.what();
    }
  };
  EXPECT_EQ(problem({}), "none");
  EXPECT_THAT(problem({"rl.steps=9"}), HasSubstr("rl.steps is 9, but "));
  EXPECT_EQ(problem({"data.source=files", "data.path=/nonexistent/a.jsonl"}), "/nonexistent/a.jsonl: no such file");
  EXPECT_EQ(problem({"rl.steps=9", "policy.path=/nonexistent"}), "policy.path: there is no folder /nonexistent");
}

}  // namespace
}  // namespace temper
