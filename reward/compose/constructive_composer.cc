#include "reward/compose/composer.h"

namespace temper {
namespace {

// r = alpha satisfaction - beta risk - gamma cost (constructive safety alignment, Oyster-I, arXiv 2509.01909), with satisfaction = h, risk
// = 1 - s and cost = 1 for the refusal of what is permitted, else 0. Risk is paid for, not forbidden: an answer with s = 0 earns alpha h -
// beta, above a safe answer without any help while beta < alpha h. h s pays both nothing.
class ConstructiveComposer : public RewardComposer {
 public:
  explicit ConstructiveComposer(const ComposerOptions& options) : options_(options) {}
  RewardParts Compose(const Grade& grade, const std::string&) const override {
    if (!IsUsable(grade)) return {};
    const double satisfaction = ControlledHelpfulness(options_, grade), risk = 1 - ControlledSafety(options_, grade);
    const double cost = grade.over_refusal ? 1 : 0;
    return {true, options_.alpha * satisfaction - options_.beta * risk - options_.gamma * cost, {}};
  }

 private:
  const ComposerOptions options_;
};

std::unique_ptr<RewardComposer> Make(const ComposerOptions& options) { return std::make_unique<ConstructiveComposer>(options); }

constexpr ComposerRule kRules[] = {
    {[](const ComposerOptions& o) { return o.alpha + o.beta + o.gamma > 0; },
     "reward.alpha, reward.beta and reward.gamma must not all be 0 under reward.composer constructive: every "
     "reward would be 0"}};

}  // namespace

extern const ComposerType kConstructiveComposer = {"constructive", "helpfulness less weighted risk and cost (Oyster-I)", Make, kRules};

}  // namespace temper
