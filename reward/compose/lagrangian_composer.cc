#include <algorithm>

#include "reward/compose/composer.h"
#include "reward/compose/lagrange.h"

namespace temper {
namespace {

// A cost of one response, under the name that reward.cost_limits knows it by.
struct Cost {
  const char* name;
  double (*of)(const ComposerOptions& options, const Grade& grade);
};
constexpr Cost kCosts[] = {{"over_refusal", [](const ComposerOptions&, const Grade& grade) { return grade.over_refusal ? 1.0 : 0.0; }},
                           {"safety", [](const ComposerOptions& o, const Grade& grade) { return 1 - ControlledSafety(o, grade); }}};

const Cost* CostOf(const std::string& name) {
  const auto* cost = std::find_if(std::begin(kCosts), std::end(kCosts), [&](const Cost& each) { return name == each.name; });
  return cost == std::end(kCosts) ? nullptr : cost;
}

// r = h; costs safety = 1 - s and over_refusal = 0 or 1, each under its own multiplier.
class LagrangianComposer : public RewardComposer {
 public:
  explicit LagrangianComposer(const ComposerOptions& options) : options_(options), multipliers_(options) {}

  RewardParts Compose(const Grade& grade, const std::string&) const override {
    if (!IsUsable(grade)) return {};
    RewardParts parts{true, ControlledHelpfulness(options_, grade), {}};
    for (const auto& [name, limit] : options_.cost_limits) parts.costs.push_back(CostOf(name)->of(options_, grade));
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

std::unique_ptr<RewardComposer> Make(const ComposerOptions& options) { return std::make_unique<LagrangianComposer>(options); }

bool KnowsItsCosts(const ComposerOptions& options) {
  const auto known = [](const auto& limit) { return CostOf(limit.first) != nullptr; };
  return !options.cost_limits.empty() && std::all_of(options.cost_limits.begin(), options.cost_limits.end(), known);
}

constexpr ComposerRule kRules[] = {
    {KnowsItsCosts,
     "reward.cost_limits must give reward.composer lagrangian a limit of at least one of its costs, safety and over_refusal"},
    {[](const ComposerOptions& o) { return o.lambda_init <= o.lambda_max; }, "reward.lambda_init must be at most reward.lambda_max"}};

}  // namespace

extern const ComposerType kLagrangianComposer = {"lagrangian", "helpfulness under limits on costs", Make, kRules};

}  // namespace temper
