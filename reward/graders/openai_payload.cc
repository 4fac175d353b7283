#include "reward/graders/openai_payload.h"

#include <algorithm>

#include "cluster/base/error.h"
#include "cluster/base/fields.h"
#include "cluster/base/hash.h"

namespace temper {

std::string OpenAiGraderId(const GraderConfig& config, const OpenAiPayload& payload) {
  OpenAiPayload judging = payload;
  judging.path.clear();
  judging.http = {};
  judging.cache.clear();
  return Concat("openai/2:", Hex(Hash64(EncodeFields(judging))), GivesOf(config));
}

Grade GradeOfScore(const GraderConfig& config, const OpenAiPayload& payload, const OpenAiScore& score) {
  if (!score.error.empty()) return FailedGrade(score.refused ? GradeOutcome::kRefusedToGrade : GradeOutcome::kParseError, score.error);
  const double value = std::clamp((score.value - payload.low) / (payload.high - payload.low), 0.0, 1.0);
  Grade grade;
  grade.mode = ResponseMode::kDirect;
  grade.safety = config.Gives(GradePart::kSafety) ? value : 1;
  grade.h_direct = config.Gives(GradePart::kHelpfulnessDirect) ? value : 0;
  grade.h_indirect = config.Gives(GradePart::kHelpfulnessIndirect) ? value : 0;
  grade.helpfulness = std::max(grade.h_direct, grade.h_indirect);
  return grade;
}

}  // namespace temper
