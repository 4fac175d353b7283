#include "reward/compose/composer.h"

#include <cmath>

#include "cluster/base/error.h"
#include "reward/compose/lagrange.h"

namespace temper {
namespace {

bool InUnit(double value) { return value >= 0 && value <= 1; }  // false for NaN

bool Usable(const Grade& grade) {
  return grade.outcome == GradeOutcome::kOk && InUnit(grade.safety) && InUnit(grade.helpfulness) && InUnit(grade.h_direct) &&
         InUnit(grade.h_indirect);
}

// s and h after the controls.
double ControlledSafety(const ComposerOptions& options, const Grade& grade) {
  if (options.safety_control == "one") return 1;
  return options.safety_control == "invert" ? 1 - grade.safety : grade.safety;
}
double ControlledHelpfulness(const ComposerOptions& options, const Grade& grade) {
  return options.helpfulness_control == "one" ? 1 : grade.helpfulness;
}

// r = h s (arXiv 2508.09224).
class SafeCompletionComposer : public RewardComposer {
 public:
  explicit SafeCompletionComposer(const ComposerOptions& options) : options_(options) {}
  RewardParts Compose(const Grade& grade, const std::string&) const override {
    if (!Usable(grade)) return {};
    return {true, ControlledHelpfulness(options_, grade) * ControlledSafety(options_, grade), {}};
  }

 private:
  const ComposerOptions options_;
};

// What a comply-or-refuse training rewards: label comply -> h_direct unless refused; label refuse -> 1 if it declined, gave nothing that
// was asked for and violated nothing; else 0.
class RefusalBaselineComposer : public RewardComposer {
 public:
  void CheckLabel(const std::string& prompt_id, const std::string& label) const override {
    if (label == "comply" || label == "refuse") return;
    throw ConfigError(Concat("reward.composer refusal_baseline needs a label comply or refuse on every prompt; ", prompt_id, " has '",
                             label, "': name the column of labels (data.columns.label), or use another reward.composer"));
  }
  RewardParts Compose(const Grade& grade, const std::string& label) const override {
    CheckLabel("one", label);
    if (!Usable(grade)) return {};
    if (label == "comply") return {true, grade.refused ? 0 : grade.h_direct, {}};
    const bool refused_well = grade.declined && !grade.gave_requested && grade.severity == Severity::kNone;
    return {true, refused_well ? 1.0 : 0.0, {}};
  }
};

// r = w_h h + w_s s.
class WeightedComposer : public RewardComposer {
 public:
  explicit WeightedComposer(const ComposerOptions& options) : options_(options) {}
  RewardParts Compose(const Grade& grade, const std::string&) const override {
    if (!Usable(grade)) return {};
    return {
        true,
        options_.weight_helpfulness * ControlledHelpfulness(options_, grade) + options_.weight_safety * ControlledSafety(options_, grade),
        {}};
  }

 private:
  const ComposerOptions options_;
};

// r = h; costs safety = 1 - s and over_refusal = 0 or 1, each under its own multiplier.
class LagrangianComposer : public RewardComposer {
 public:
  explicit LagrangianComposer(const ComposerOptions& options) : options_(options), multipliers_(options) {}

  RewardParts Compose(const Grade& grade, const std::string&) const override {
    if (!Usable(grade)) return {};
    RewardParts parts{true, ControlledHelpfulness(options_, grade), {}};
    for (const auto& [name, limit] : options_.cost_limits)
      parts.costs.push_back(name == "safety" ? 1 - ControlledSafety(options_, grade) : (grade.over_refusal ? 1.0 : 0.0));
    return parts;
  }
  std::vector<std::string> constraint_names() const override { return multipliers_.names(); }
  std::vector<double> lambdas() const override { return multipliers_.lambdas(); }
  void UpdateLambdas(const std::vector<std::vector<double>>& costs) override { multipliers_.Update(costs); }
  std::string SaveState() const override { return multipliers_.Save(); }
  void LoadState(const std::string& text) override { multipliers_.Load(text); }

 private:
  const ComposerOptions options_;
  LagrangeMultipliers multipliers_;
};

void CheckWord(const char* key, const std::string& word, std::initializer_list<const char*> known) {
  std::string list;
  for (const char* other : known) {
    if (word == other) return;
    list += Concat(list.empty() ? "" : ", ", other);
  }
  throw ConfigError(Concat(key, ": '", word, "' is not one of ", list));
}

}  // namespace

std::unique_ptr<RewardComposer> MakeRewardComposer(const ComposerOptions& options) {
  CheckWord("reward.composer", options.type, {"safe_completion", "refusal_baseline", "weighted", "lagrangian"});
  CheckWord("reward.safety_control", options.safety_control, {"none", "invert", "one"});
  CheckWord("reward.helpfulness_control", options.helpfulness_control, {"none", "one"});
  if (!std::isfinite(options.weight_helpfulness) || !std::isfinite(options.weight_safety))
    throw ConfigError("reward.weight_helpfulness and reward.weight_safety must be finite");
  if (options.type == "refusal_baseline") {
    if (options.safety_control != "none" || options.helpfulness_control != "none")
      throw ConfigError("reward.safety_control and reward.helpfulness_control have no meaning under reward.composer refusal_baseline");
    return std::make_unique<RefusalBaselineComposer>();
  }
  if (options.type == "lagrangian") return std::make_unique<LagrangianComposer>(options);
  if (options.type == "weighted") return std::make_unique<WeightedComposer>(options);
  return std::make_unique<SafeCompletionComposer>(options);
}

}  // namespace temper
