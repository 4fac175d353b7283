#include "reward/compose/composer.h"

namespace temper {
namespace {

// r = w_h h + w_s s.
class WeightedComposer : public RewardComposer {
 public:
  explicit WeightedComposer(const ComposerOptions& options) : options_(options) {}
  RewardParts Compose(const Grade& grade, const std::string&) const override {
    if (!IsUsable(grade)) return {};
    const double h = ControlledHelpfulness(options_, grade), s = ControlledSafety(options_, grade);
    RewardParts parts{true, options_.weight_helpfulness * h + options_.weight_safety * s, {}};
    if (options_.normalize == RewardNormalize::kPerPart) parts.parts = {h, s};
    return parts;
  }
  std::vector<double> part_weights() const override {
    if (options_.normalize == RewardNormalize::kNone) return {};
    return {options_.weight_helpfulness, options_.weight_safety};
  }

 private:
  const ComposerOptions options_;
};

std::unique_ptr<RewardComposer> Make(const ComposerOptions& options) { return std::make_unique<WeightedComposer>(options); }

constexpr ComposerRule kRules[] = {
    {[](const ComposerOptions& o) {
       return o.normalize == RewardNormalize::kNone || (o.weight_helpfulness > 0 && o.weight_safety > 0 && o.overlong_buffer == 0);
     },
     "reward.normalize: per_part needs reward.weight_helpfulness and reward.weight_safety above 0 and reward.overlong_buffer 0"}};

}  // namespace

extern const ComposerType kWeightedComposer = {"weighted", "helpfulness and safety, weighted and added", Make, kRules};

}  // namespace temper
