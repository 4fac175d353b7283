#include "record/settings.h"

#include <filesystem>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "orchestrator/config/experiment_config.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

ResolvedConfig Resolved(const std::vector<std::string>& overrides) {
  return LoadExperiment(TEMPER_SOURCE_DIR "/configs/smoke.yaml", overrides).arms.at(0).resolved;
}

// A run folder with one arm "a" that was started with the smoke config.
class RunSettings : public testing::Test {
 protected:
  RunSettings() { Touch("a/configs/resolved.yaml", Resolved({}).ToYaml()); }
  void Touch(const std::string& name, const std::string& text = "") {
    fs::create_directories(fs::path(folder_ / name).parent_path());
    WriteBytes(folder_ / name, text);
  }
  std::string Refusal(const std::vector<std::string>& overrides) {
    try {
      CheckSameSettings(RunPaths(folder_.path()), "a", Resolved(overrides));
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  }
  TempFolder folder_;
};

TEST_F(RunSettings, AnythingGoesBeforeAnythingWasMade) { EXPECT_EQ(Refusal({"run.seed=9", "policy.hidden_size=32", "rl.steps=99"}), ""); }

TEST_F(RunSettings, AfterSftItsSettingsStay) {
  for (const char* where : {"sft/metrics.jsonl", "a/sft/metrics.jsonl"}) {
    Touch(where);
    EXPECT_EQ(Refusal({"sft.steps=7"}),
              "sft.steps is 7, but " + (folder_ / "a") +
                  " was made with 250; give the run another name (run.name=...), or start it again with --resume never");
    for (const char* change : {"run.seed=2", "policy.hidden_size=32", "data.world.demonstrations=10", "learner.micro_batch_tokens=512"}) {
      EXPECT_NE(Refusal({change}), "") << change;
    }
    for (const char* change : {"rl.steps=9", "rollout.temperature=2", "reward.lambda_lr=1", "eval.samples_per_prompt=9", "run.name=b",
                               "cluster.rollout_workers=3", "checkpoint.every=9", "monitor.progress=none", "stages=[sft]"}) {
      EXPECT_EQ(Refusal({change}), "") << change;
    }
    fs::remove(folder_ / where);
  }
}

TEST_F(RunSettings, AnEvaluationBindsSamplingAndReward) {
  fs::create_directories(folder_ / "a/eval/start");
  for (const char* change : {"rollout.temperature=2", "reward.lambda_lr=1", "eval.samples_per_prompt=9", "eval.prompts_per_set=1"}) {
    EXPECT_NE(Refusal({change}), "") << change;
  }
  for (const char* change : {"rl.steps=9", "eval.sets=[dev]"}) EXPECT_EQ(Refusal({change}), "") << change;
}

TEST_F(RunSettings, AfterRlEverythingThatCountsStays) {
  Touch("a/metrics.jsonl");
  EXPECT_NE(Refusal({"rl.optimizer.lr=0.5"}), "");
  const std::string many = Refusal({"rl.steps=9", "sft.steps=9", "run.seed=9", "rl.kl.coef=9", "rollout.top_k=9"});
  EXPECT_THAT(many, HasSubstr("run.seed is 9, but"));
  EXPECT_THAT(many, HasSubstr("; and 2 more; give"));
  EXPECT_THAT(many, Not(HasSubstr("top_k")));
}

TEST_F(RunSettings, AnUnreadableRecordOfOldSettingsIsNoHindrance) {
  Touch("a/metrics.jsonl");
  Touch("a/configs/resolved.yaml", "of_another_version: 1\n");
  EXPECT_EQ(Refusal({"rl.steps=9"}), "");
  fs::remove(folder_ / "a/configs/resolved.yaml");
  EXPECT_EQ(Refusal({"rl.steps=9"}), "");
}

}  // namespace
}  // namespace temper
