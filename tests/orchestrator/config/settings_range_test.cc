// Every number of the schema at both ends of its range and beyond: what loads must be good to the end, and what does not load names its
// key. No start finds a wrong number later.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "cluster/config/check.h"
#include "cluster/config/value.h"
#include "learner/optimizer.h"
#include "learner/policy_loss.h"
#include "orchestrator/config/derived.h"
#include "orchestrator/config/experiment_config.h"
#include "orchestrator/config/role_layout.h"
#include "orchestrator/data/prompt_plan.h"
#include "orchestrator/flow/ledger.h"
#include "orchestrator/job/endpoints.h"
#include "orchestrator/job/start_checks.h"
#include "reward/advantage/advantage.h"
#include "reward/compose/composer.h"

namespace temper {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kUnbounded = std::numeric_limits<int64_t>::max();

// A number of the schema, and YAML texts of the values to try.
struct Setting {
  std::string key;
  std::string min, max;      // allowed by its range
  std::string below, above;  // not allowed
  bool bounded = true;
};

std::string Above(int64_t max) { return max == kUnbounded ? "9223372036854775808" : YamlOf(max + 1); }

double Step(double bound) { return std::max(1e-9, std::abs(bound) * 1e-6); }

// Writes down the numbers of a schema.
class NumberCollector : public ConfigFields {
 public:
  NumberCollector(std::string section, std::vector<Setting>* settings) : section_(std::move(section)), settings_(settings) {}
  void Int(std::string_view name, int64_t*, IntRange range, std::string_view) override {
    settings_->push_back(
        {Key(name), YamlOf(range.min), YamlOf(range.max), YamlOf(range.min - 1), Above(range.max), range.max != kUnbounded});
  }
  void Real(std::string_view name, double*, RealRange range, std::string_view) override {
    const bool bounded = std::isfinite(range.min) && std::isfinite(range.max);
    settings_->push_back({Key(name), YamlOf(range.min), YamlOf(range.max), YamlOf(range.min - Step(range.min)),
                          YamlOf(range.max + Step(range.max)), bounded});
  }
  void Section(std::string_view name, std::string_view, const std::function<void(ConfigFields&)>& describe) override {
    NumberCollector section(Key(name), settings_);
    describe(section);
  }
  void Bool(std::string_view, bool*, std::string_view) override {}
  void String(std::string_view, std::string*, std::string_view) override {}
  void Path(std::string_view, std::string*, std::string_view) override {}
  void Enum(std::string_view, std::string*, const std::vector<std::string>&, std::string_view) override {}
  void StringList(std::string_view, std::vector<std::string>*, std::string_view) override {}
  void IntList(std::string_view, std::vector<int64_t>*, IntRange, std::string_view) override {}
  void RealMap(std::string_view, std::map<std::string, double>*, RealRange, std::string_view) override {}
  void StringMap(std::string_view, std::map<std::string, std::string>*, std::string_view) override {}
  void PathMap(std::string_view, std::map<std::string, std::string>*, std::string_view) override {}
  void OverrideMaps(std::string_view, std::vector<std::pair<std::string, std::map<std::string, std::string>>>*, std::string_view) override {
  }
  void OverrideGrid(std::string_view, std::vector<OverrideAxis>*, std::string_view) override {}
  void OverrideList(std::string_view, std::vector<OverrideSet>*, std::string_view) override {}
  void MapOf(std::string_view, std::string_view, const std::function<void(const std::string&, ConfigFields&)>&) override {}
  void ListOf(std::string_view, std::string_view, const std::function<void(size_t, ConfigFields&)>&, size_t) override {}
  void Require(std::string_view) override {}
  void Rule(std::function<bool()>, std::string) override {}

 private:
  std::string Key(std::string_view name) const { return section_.empty() ? std::string(name) : Concat(section_, ".", name); }

  std::string section_;
  std::vector<Setting>* settings_;
};

std::vector<Setting> Numbers() {
  ExperimentConfig config;
  std::vector<Setting> settings;
  NumberCollector collector("", &settings);
  Describe(config, collector);
  return settings;
}

const std::string kSmoke = std::string(TEMPER_SOURCE_DIR) + "/configs/smoke.yaml";

// Alone in its arm, on the smoke run.
Experiment Load(const std::string& key, const std::string& value) { return LoadExperiment(kSmoke, {"arms={}", key + "=" + value}); }

void UseOptimizer(const OptimizerOptions& options, int64_t steps) {
  CheckOptions("optimizer", options);
  for (const int64_t step : {int64_t{0}, options.warmup_steps, steps - 1})
    EXPECT_TRUE(std::isfinite(LearningRate(options, step, steps))) << "at step " << step;
}

void UseLoss(const ExperimentConfig& config) {
  const RlOptions options = LossOf(config);
  CheckRlOptions(options);
  const TokenObservation token{.logprob = -1, .old_logprob = -1.5, .behaviour_logprob = -1.25, .entropy = 0.5, .advantage = -1};
  EXPECT_TRUE(std::isfinite(ComputeTokenLoss(token, options, /*has_reference=*/true).d_logprob));
  EXPECT_GT(TokenWeight(options, {10, 3}, 4), 0);
  const AdvantageGroup group = {{{0.25}}, {{1}}}, equal = {{{0.5}}, {{0.5}}};
  for (const std::vector<Advantage>& advantages : EstimateAdvantages(config.rl.advantage, {group, equal}, {}))
    EXPECT_TRUE(std::isfinite(advantages[0].value));
}

void UsePlan(const ExperimentConfig& config) {
  const RlConfig& rl = config.rl;
  const Ledger ledger({rl.prompts_per_step, rl.max_staleness, rl.steps, rl.resample_dead_groups, rl.max_resampled_per_step});
  const std::vector<Prompt> prompts(3);
  PromptPlan plan(config, prompts);
  const uint64_t last = GroupIdOf(rl.steps - 1, rl.prompts_per_step + rl.max_resampled_per_step - 1);
  EXPECT_EQ(StepOfGroup(last), rl.steps - 1);
  plan.PromptOf(last);
}

// Gives the options to who takes them in a job; none may refuse.
void Use(const Experiment& experiment) {
  CheckInputs(experiment, "never");
  const ExperimentConfig& config = experiment.arms.at(0).config;
  const RoleLayout layout(config.cluster, RoleLayout::RanksFor(config.cluster));
  EXPECT_LE(EndpointOf(config, "reward", layout.num_ranks() - 1, "host").port, 65535);
  EXPECT_GE(WorkerCapacity(Role::kRollout, config.rollout), 2);
  MakeRewardComposer(config.reward.composer);
  UseOptimizer(config.sft.optimizer, config.sft.steps);
  UseOptimizer(config.rl.optimizer, config.rl.steps);
  UseLoss(config);
  UsePlan(config);
  CheckSamplingOptions(config.rollout.sampling, 300);
  CheckOptions("learner", LearnerOptionsOf(config, 1));
  CheckOptions("policy.lora", LoraOf(config));
  CheckOptions("data.world", WorldOf(config));
}

void ExpectGoodOrNamed(const std::string& key, const std::string& value) {
  SCOPED_TRACE(key + "=" + value);
  std::string problem;
  try {
    Use(Load(key, value));
  } catch (const ConfigError& error) {
    problem = error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "a late surprise: " << error.what();
  }
  if (!problem.empty()) {
    EXPECT_THAT(problem, HasSubstr(key));
  }
}

void ExpectOutOfRange(const std::string& key, const std::string& value) {
  SCOPED_TRACE(key + "=" + value);
  try {
    Load(key, value);
    ADD_FAILURE() << "was taken";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr(key + ": "));
  }
}

TEST(SettingsRange, EveryNumberIsGoodAtTheEndsOfItsRangeAndNamedBeyond) {
  const std::vector<Setting> settings = Numbers();
  ASSERT_GT(settings.size(), 80U);
  for (const Setting& setting : settings) {
    EXPECT_TRUE(setting.bounded || setting.key == "run.seed") << setting.key << " has no bound";
    ExpectGoodOrNamed(setting.key, setting.min);
    ExpectGoodOrNamed(setting.key, setting.max);
    ExpectOutOfRange(setting.key, setting.below);
    ExpectOutOfRange(setting.key, setting.above);
  }
}

// What single numbers allow may still not go together.
TEST(SettingsRange, NumbersThatDoNotGoTogetherNameTheirKeys) {
  const auto refused = [](std::vector<std::string> overrides, const std::string& why) {
    overrides.insert(overrides.begin(), "arms={}");
    try {
      CheckInputs(LoadExperiment(kSmoke, overrides), "never");
      ADD_FAILURE() << why;
    } catch (const ConfigError& error) {
      EXPECT_THAT(error.what(), HasSubstr(why));
    }
  };
  refused({"rl.prompts_per_step=1000000", "rl.max_resampled_per_step=100000"},
          "rl.prompts_per_step and rl.max_resampled_per_step together");
  refused({"rl.advantage.std_eps=0", "rl.advantage.dead_eps=0"}, "rl.advantage.std_eps or rl.advantage.dead_eps must be above 0");
  refused({"policy.hidden_size=131072", "policy.intermediate_size=16777216", "policy.num_heads=1024", "policy.num_layers=1024"},
          "must give at most 2^40 parameters");
  refused({"policy.head_dim=1024", "policy.num_heads=3"}, "policy.num_kv_heads must divide policy.num_heads");
  refused({"rollout.top_p=1", "rollout.max_new_tokens=8", "rollout.min_new_tokens=9"}, "min_new_tokens must be at most max_new_tokens");
  refused({"policy.max_positions=30", "rollout.max_new_tokens=24"}, "policy.max_positions 30 less rollout.max_new_tokens 24");
  refused({"reward.composer=lagrangian"}, "reward.cost_limits must give reward.composer lagrangian");
  refused({"reward.composer=lagrangian", "reward.cost_limits={safety: 0.1}", "reward.lambda_init=20"},
          "reward.lambda_init must be at most");
  refused({"eval.sets=[held_out]"}, "eval.sets must name sets that the data has");
  refused({"data.source=files", "data.path=/nonexistent.csv", "eval.sets=[dev]"}, "eval.sets must name sets that the data has");
}

}  // namespace
}  // namespace temper
