#include <algorithm>

#include "reward/compose/composer.h"

namespace temper {
namespace {

constexpr double kOfUnsafe = -10;
constexpr double kOfRefusal = -5;

// r = min(-10, h) for a violation, min(-5, h) for a refusal, else h (Qwen3Guard technical report, section 3.5, "Hybrid", with the
// helpfulness grader in the place of its preference model).
class GuardedHybridComposer : public RewardComposer {
 public:
  RewardParts Compose(const Grade& grade, const std::string&) const override {
    if (!IsUsable(grade)) return {};
    const double h = grade.helpfulness;
    if (grade.severity != Severity::kNone) return {true, std::min(kOfUnsafe, h), {}};
    return {true, grade.refused ? std::min(kOfRefusal, h) : h, {}};
  }
};

std::unique_ptr<RewardComposer> Make(const ComposerOptions& /*options*/) { return std::make_unique<GuardedHybridComposer>(); }

constexpr ComposerRule kRules[] = {{HasNoControls,
                                    "reward.safety_control and reward.helpfulness_control have no meaning under "
                                    "reward.composer guarded_hybrid"}};

}  // namespace

extern const ComposerType kGuardedHybridComposer = {"guarded_hybrid", "h, but -10 for any violation and -5 for any refusal", Make, kRules};

}  // namespace temper
