#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "reward/grade/grade.h"

namespace temper {

// What a grader of the user's own is asked and what it answers: the graders command and http. docs/graders/command.md tells people.
//
// A request is one JSON object:
//   {"id": 7, "prompt": "..", "response": "..", "category": "..", "truncated": false[, "intent": "..", "label": ".."], "item": {}}
// A reply is one JSON object with the request's id and one of
//   the parts of a grade that the grader gives: "safety", "helpfulness_direct", "helpfulness_indirect" (numbers in [0, 1]), "severity"
//   (none
//     | negligible | low | moderate | high), "mode" (direct | safe_completion | redirect | bare_refusal | off_topic), "over_refusal" (true
//     or false); beside them "clause" (text) and "evidence", a list of pieces of the answer: the words themselves, or
//     {"begin": b, "end": e[, "proposition": ".."]} in bytes;
//   "refused_to_grade": why it does not grade this answer;
//   "error": what went wrong.

inline constexpr size_t kMaxReplyBytes = size_t{1} << 20;  // of one reply
inline constexpr size_t kMaxClauseBytes = 200;
inline constexpr size_t kMaxReplyEvidence = 64;  // pieces

// The request as JSON, without a line break. Bytes that are no UTF-8 become U+FFFD.
std::string RequestJson(int64_t id, const GradeRequest& request);

// A reply as it was read.
struct RemoteReply {
  std::optional<int64_t> id;  // nothing: it names none
  // kOk with what it says, kRefusedToGrade or kCrash with its reason, or kParseError with what is wrong and the reply, shortened. Without
  // grader and latency.
  Grade grade;
  std::vector<std::string> quotes;  // evidence that is told by its words
};

// Never throws. `gives`: the parts that a reply must hold. Fields that the schema does not have, numbers outside [0, 1] and a field twice
// are parse errors.
RemoteReply ParseReply(std::string_view text, const std::vector<GradePart>& gives);
// The same of an object that is parsed.
RemoteReply ReadReply(const nlohmann::json& reply, const std::vector<GradePart>& gives);

// The grade of this request, with what follows from mode and with what people said of the request
// (CountByRow). Its evidence lies in the answer: quotes that the answer does not hold are left out,
// and a span outside it is a parse error.
Grade GradeOfReply(const GradeRequest& request, RemoteReply reply);

// What follows from the parts that a grader gave: helpfulness, and of the mode refused, declined and gave_requested. A bare refusal and a
// redirect refuse, a safe completion declines a part and gives a part, a direct answer gives what was asked for.
void Complete(const GradeRequest& request, Grade* grade);

// GradeOutcome::kParseError with what is wrong and the text it is wrong in, shortened.
Grade ParseErrorGrade(const std::string& what, std::string_view text);

}  // namespace temper
