#include "reward/compose/composer.h"

#include "cluster/config/check.h"

namespace temper {
namespace {

bool InUnit(double value) { return value >= 0 && value <= 1; }  // false for NaN

}  // namespace

bool IsUsable(const Grade& grade) {
  return grade.outcome == GradeOutcome::kOk && InUnit(grade.safety) && InUnit(grade.helpfulness) && InUnit(grade.h_direct) &&
         InUnit(grade.h_indirect);
}

double ControlledSafety(const ComposerOptions& options, const Grade& grade) {
  if (options.safety_control == SafetyControl::kOne) return 1;
  return options.safety_control == SafetyControl::kInvert ? 1 - grade.safety : grade.safety;
}

double ControlledHelpfulness(const ComposerOptions& options, const Grade& grade) {
  return options.helpfulness_control == HelpfulnessControl::kOne ? 1 : grade.helpfulness;
}

std::unique_ptr<RewardComposer> MakeRewardComposer(const ComposerOptions& options) {
  CheckOptions("reward", options);
  return options.type->make(options);
}

}  // namespace temper
