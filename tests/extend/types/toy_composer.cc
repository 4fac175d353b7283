#include <algorithm>

#include "reward/compose/composer.h"

namespace temper {
namespace {

// r = min(h, s).
class ToyComposer : public RewardComposer {
 public:
  RewardParts Compose(const Grade& grade, const std::string&) const override {
    if (!IsUsable(grade)) return {};
    return {true, std::min(grade.helpfulness, grade.safety), {}};
  }
};

constexpr ComposerRule kRules[] = {
    {[](const ComposerOptions& o) { return o.safety_control == SafetyControl::kNone; }, "reward.safety_control has no meaning for a toy"}};

}  // namespace

extern const ComposerType kToyComposer = {
    "toy", "the smaller of the two",
    [](const ComposerOptions&) -> std::unique_ptr<RewardComposer> { return std::make_unique<ToyComposer>(); }, kRules};

}  // namespace temper
