// The rules of policy.mode_tokens and of what needs them.
#include <filesystem>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "orchestrator/config/experiment_config.h"

namespace temper {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kConfigs = TEMPER_SOURCE_DIR "/configs/";

std::string ProblemOf(std::vector<std::string> overrides) {
  try {
    LoadExperiment(kConfigs + "smoke.yaml", overrides);
    return "none";
  } catch (const ConfigError& error) {
    return error.what();
  }
}

TEST(ModeTokenSettings, TheShippedMethodHasThreeTokensAndDrawsTheCurve) {
  const Experiment experiment = LoadExperiment(kConfigs + "methods/mode_tokens.yaml", {});
  ASSERT_EQ(experiment.arms.size(), 1U);
  const ExperimentConfig& config = experiment.arms[0].config;
  EXPECT_THAT(config.policy.tokens.Names(), ElementsAre("direct", "safe_complete", "redirect"));
  EXPECT_TRUE(config.eval.gate_sweep);
}

TEST(ModeTokenSettings, TokensHaveNamesOfTheirOwn) {
  EXPECT_EQ(ProblemOf({"policy.mode_tokens=[direct, redirect]"}), "none");
  EXPECT_THAT(ProblemOf({"policy.mode_tokens=[direct]"}), HasSubstr("at least two tokens"));
  EXPECT_THAT(ProblemOf({"policy.mode_tokens=[direct, direct]"}), HasSubstr("must not name a token twice"));
  EXPECT_THAT(ProblemOf({"policy.mode_tokens=[direct, \"a b\"]"}), HasSubstr("letters, digits"));
  EXPECT_THAT(ProblemOf({"policy.category_tokens=[x]"}), HasSubstr("needs policy.mode_tokens"));
  EXPECT_THAT(ProblemOf({"policy.mode_tokens=[a, b]", "policy.category_tokens=[b]"}), HasSubstr("must not name a token twice"));
  EXPECT_THAT(ProblemOf({"policy.mode_tokens=[a, b]", "policy.token_words={c: sorry}"}), HasSubstr("policy.token_words"));
  EXPECT_THAT(ProblemOf({"policy.mode_tokens=[a, b]", "policy.mode_token_of={direct: c}"}), HasSubstr("policy.mode_token_of"));
  EXPECT_THAT(ProblemOf({"policy.mode_tokens=[a, b]", "policy.mode_token_of={straight: a}"}), HasSubstr("must be of modes: direct"));
}

TEST(ModeTokenSettings, AnAdapterMustReachTheOutputProjection) {
  const std::vector<std::string> lora = {"policy.mode_tokens=[direct, redirect]", "policy.lora.rank=4"};
  EXPECT_THAT(ProblemOf(lora), HasSubstr("needs lm_head among policy.lora.target_modules"));
  EXPECT_EQ(ProblemOf({lora[0], lora[1], "policy.lora.target_modules=[q_proj, lm_head]"}), "none");
}

TEST(ModeTokenSettings, AGateIsOfTokensAndLeavesOneWithoutAThreshold) {
  const std::string tokens = "policy.mode_tokens=[direct, redirect]";
  EXPECT_EQ(ProblemOf({tokens, "rollout.first_token_gate=[{token: redirect, threshold: 0.3}, {token: direct, bias: -1}]"}), "none");
  EXPECT_THAT(ProblemOf({"rollout.first_token_gate=[{token: redirect, threshold: 0.3}]"}), HasSubstr("there is none"));
  EXPECT_THAT(ProblemOf({tokens, "rollout.first_token_gate=[{token: refuse, threshold: 0.3}]"}), HasSubstr("direct, redirect"));
  EXPECT_THAT(ProblemOf({tokens, "rollout.first_token_gate=[{token: redirect, threshold: 0.3, bias: 1}]"}), HasSubstr("not both"));
  EXPECT_THAT(ProblemOf({tokens, "rollout.first_token_gate=[{token: redirect, bias: 1}, {token: redirect, bias: 2}]"}),
              HasSubstr("twice for one category"));
  EXPECT_THAT(ProblemOf({tokens, "rollout.first_token_gate=[{token: redirect, threshold: 0.3}, {token: direct, threshold: 0.3}]"}),
              HasSubstr("must leave a token without a threshold"));
  EXPECT_THAT(ProblemOf({tokens, "rollout.first_token_gate=[{token: redirect, threshold: 0.3}]", "rl.tis_cap=0"}),
              HasSubstr("needs rl.tis_cap above 0"));
  EXPECT_THAT(ProblemOf({"eval.gate_sweep=true"}), HasSubstr("needs policy.mode_tokens"));
}

// What a token starts from: what the settings say, what is usual for the name, the name.
TEST(ModeTokenSettings, ATokenStartsFromWords) {
  TokenOptions options;
  options.mode_tokens = {"direct", "speak_plainly"};
  options.token_words = {{"speak_plainly", "yes"}};
  EXPECT_EQ(options.WordsOf("direct"), "sure here");
  EXPECT_EQ(options.WordsOf("speak_plainly"), "yes");
  options.token_words.clear();
  EXPECT_EQ(options.WordsOf("speak_plainly"), "speak plainly");
  EXPECT_THAT(TokenSpellings(options), ElementsAre("[direct]", "[speak_plainly]"));
}

}  // namespace
}  // namespace temper
