// libFuzzer target of what graders of the user's own reply: every line and every body of a service ends in typed outcomes with values that
// are in range, and evidence that lies in the answer.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "reward/remote/reward_protocol.h"
#include "reward/remote/schema.h"

namespace temper {
namespace {

const std::vector<GradePart> kAll = {
    GradePart::kSafety, GradePart::kSeverity,   GradePart::kHelpfulnessDirect, GradePart::kHelpfulnessIndirect,
    GradePart::kMode,   GradePart::kOverRefusal};
const std::vector<GradeRequest> kRequests = {{"p", "an answer", "c", false}, {"q", "", "", true}, {"r", "two grams", "", false}};

void Check(bool holds) {
  if (!holds) std::abort();
}

void CheckGrade(const Grade& grade, const GradeRequest& request) {
  for (const double value : {grade.safety, grade.helpfulness, grade.h_direct, grade.h_indirect})
    Check(std::isfinite(value) && value >= 0 && value <= 1);
  Check(grade.error.empty() == (grade.outcome == GradeOutcome::kOk) || grade.outcome == GradeOutcome::kCrash ||
        grade.outcome == GradeOutcome::kRefusedToGrade);
  Check(grade.error.size() < 1500 && grade.clause.size() <= kMaxClauseBytes && grade.evidence.size() <= kMaxReplyEvidence);
  if (grade.outcome != GradeOutcome::kOk) return;
  for (const Evidence& span : grade.evidence) Check(span.begin <= span.end && span.end <= request.response.size());
}

}  // namespace
}  // namespace temper

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace temper;
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const auto& gives : {kAll, std::vector<GradePart>{GradePart::kSafety}}) {
    RemoteReply reply = ParseReply(text, gives);
    CheckGrade(GradeOfReply(kRequests[0], std::move(reply)), kRequests[0]);
  }
  for (const auto& [protocol, name] : EnumNames<RewardProtocol>::kTable) {
    ProtocolOptions options;
    options.protocol = protocol;
    options.gives = protocol == RewardProtocol::kTemper ? kAll : std::vector<GradePart>{GradePart::kSafety, GradePart::kOverRefusal};
    options.low = -3;
    options.fields["over_refusal"] = "refusal";
    const std::vector<Grade> grades = GradesOfBody(options, kRequests, text);
    Check(grades.size() == kRequests.size());
    for (size_t i = 0; i < grades.size(); ++i) CheckGrade(grades[i], kRequests[i]);
  }
  return 0;
}
