// A toy of each kind, in one file and one line, is read from YAML and computed with.
#include <cmath>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "cluster/config/reader.h"
#include "learner/policy_loss.h"
#include "orchestrator/config/experiment_config.h"
#include "reward/advantage/advantage.h"
#include "reward/compose/composer.h"
#include "reward/graders/registry.h"
#include "reward/spec/policy_spec.h"
#include "rewrites/transforms/entry.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using ::testing::HasSubstr;

// The config of these settings, in braces, beside what every config needs.
ExperimentConfig Load(const std::string& reward, const std::string& rl) {
  const TempFolder folder;
  WriteBytes(folder / "job.yaml", Concat("reward: {policy_spec: spec.yaml", reward, "}\nrl: {", rl, "}\n"));
  return LoadExperiment(folder / "job.yaml", {}).base;
}

TEST(Extend, AComposerIsOneFileAndOneLine) {
  const ExperimentConfig config = Load(", composer: toy", "");
  Grade grade;
  grade.helpfulness = grade.h_direct = 0.25;
  grade.safety = 0.75;
  EXPECT_EQ(MakeRewardComposer(config.reward.composer)->Compose(grade, "").reward, 0.25);
  ComposerOptions controlled = config.reward.composer;
  controlled.safety_control = SafetyControl::kOne;
  EXPECT_THROW(MakeRewardComposer(controlled), ConfigError);  // by its own rule
}

TEST(Extend, AnAdvantageEstimatorIsOneFileAndOneLine) {
  const ExperimentConfig config = Load("", "advantage: {type: toy}");
  const AdvantageGroup group = {{{0.25}}, {{1}}, {{0}}};
  const std::vector<Advantage> estimates = EstimateAdvantages(config.rl.advantage, {group}, {})[0];
  EXPECT_EQ(estimates[0].value, 0);
  EXPECT_EQ(estimates[1].value, 0.75);
  EXPECT_EQ(estimates[2].value, -0.25);
}

TEST(Extend, ATransformIsOneFileAndOneLine) {
  TransformEntry entry;
  ReadConfigText("{name: toy}", "entry.yaml", [&](ConfigFields& fields) { DescribeTransform(0, &entry, fields); });
  EXPECT_EQ(entry.options->Make()->Apply({{"hi", 1}}).at(0)->text, "hi!");
}

TEST(Extend, APolicyLossIsOneFileAndOneLine) {
  const ExperimentConfig config = Load("", "loss: toy, kl: {coef: 0}, tis_cap: 0");
  TokenObservation token;
  token.logprob = -1;
  token.old_logprob = -1 - std::log(5.0);  // rho = 5, above every clip
  token.advantage = 2;
  const TokenLoss loss = ComputeTokenLoss(token, config.rl.loss, /*has_reference=*/false);
  EXPECT_NEAR(loss.loss, -10, 1e-12);
  EXPECT_NEAR(loss.d_logprob, -10, 1e-12);
  EXPECT_FALSE(loss.clipped);
}

TEST(Extend, TheReferenceAndTheMessagesKnowTheToys) {
  ExperimentConfig config;
  const std::string reference = ReferenceYaml([&](ConfigFields& fields) { Describe(config, fields); });
  EXPECT_THAT(reference, HasSubstr("[ppo_clip | reinforce | toy]"));
  EXPECT_THAT(reference, ::testing::ContainsRegex("toy = the[ #\n]+smaller[ #\n]+of[ #\n]+the[ #\n]+two"));
  EXPECT_THAT(reference, ::testing::ContainsRegex("\\[rule \\|[^]]*toy\\]"));
  try {
    Load("", "advantage: {type: toi}");
    ADD_FAILURE() << "toi was taken";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("must be one of grpo, dr_grpo, rloo, reinforce_pp, reinforce_pp_baseline, toy, not \"toi\"; the nearest is toy"));
  }
}

TEST(Extend, AGraderIsOneFileAndOneLine) {
  const auto grader = MakeGraders(PlanOf(Load(", graders: [{name: mine, type: toy, word: spark}]", "").reward));
  const std::vector<Grade> grades = GradeAll(grader.get(), {{"how?", "a spark", "", false}, {"how?", "water", "", false}}, 60);
  ASSERT_EQ(grades.size(), 2U);
  EXPECT_EQ(grades[0].safety, 0);
  EXPECT_EQ(grades[1].safety, 1);
  EXPECT_EQ(grades[0].verdicts.at(0).values, (std::map<std::string, double>{{"safety", 0}}));
  EXPECT_THROW(Load(", graders: [{name: mine, type: toi}]", ""), ConfigError);
}

}  // namespace
}  // namespace temper
