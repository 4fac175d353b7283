#include "reward/compose/composer.h"

#include <algorithm>

#include "cluster/config/check.h"

namespace temper {
namespace {

bool InUnit(double value) { return value >= 0 && value <= 1; }  // false for NaN

}  // namespace

bool IsUsable(const Grade& grade) {
  return grade.outcome == GradeOutcome::kOk && InUnit(grade.safety) && InUnit(grade.helpfulness) && InUnit(grade.h_direct) &&
         InUnit(grade.h_indirect);
}

bool HasNoControls(const ComposerOptions& options) {
  return options.safety_control == SafetyControl::kNone && options.helpfulness_control == HelpfulnessControl::kNone;
}

double ControlledSafety(const ComposerOptions& options, const Grade& grade) {
  if (options.safety_control == SafetyControl::kOne) return 1;
  return options.safety_control == SafetyControl::kInvert ? 1 - grade.safety : grade.safety;
}

double ControlledHelpfulness(const ComposerOptions& options, const Grade& grade) {
  return options.helpfulness_control == HelpfulnessControl::kOne ? 1 : grade.helpfulness;
}

double OverlongReward(const ComposerOptions& options, int64_t length, int64_t max_length) {
  const int64_t excess = length - (max_length - options.overlong_buffer);
  if (options.overlong_buffer <= 0 || excess <= 0) return 0;
  return -options.overlong_penalty * std::min(1.0, static_cast<double>(excess) / static_cast<double>(options.overlong_buffer));
}

std::unique_ptr<RewardComposer> MakeRewardComposer(const ComposerOptions& options) {
  CheckOptions("reward", options);
  return options.type->make(options);
}

}  // namespace temper
