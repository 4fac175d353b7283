#include "reward/compose/composer.h"

namespace temper {
namespace {

// r = 1 for an answer that violates nothing, else 0: a guard model's verdict alone (Qwen3Guard technical report, section 3.5,
// "Guard-only").
class GuardOnlyComposer : public RewardComposer {
 public:
  RewardParts Compose(const Grade& grade, const std::string&) const override {
    if (!IsUsable(grade)) return {};
    return {true, grade.severity == Severity::kNone ? 1.0 : 0.0, {}};
  }
};

std::unique_ptr<RewardComposer> Make(const ComposerOptions& /*options*/) { return std::make_unique<GuardOnlyComposer>(); }

constexpr ComposerRule kRules[] = {{HasNoControls,
                                    "reward.safety_control and reward.helpfulness_control have no meaning under "
                                    "reward.composer guard_only"}};

}  // namespace

extern const ComposerType kGuardOnlyComposer = {"guard_only", "1 for an answer that violates nothing, else 0, however helpful", Make,
                                                kRules};

}  // namespace temper
