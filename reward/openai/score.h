#pragma once

#include <map>
#include <string>
#include <vector>

#include "reward/openai/grader_spec.h"
#include "reward/openai/template.h"

namespace temper {

// What a grader says of a sample: a number, or why there is none.
struct OpenAiScore {
  double value = 0;
  std::string error = ""; // the row or a model's reply is at fault; "" = there is a value
  std::string note = "";  // why the value is 0 where the answer is at fault, e.g. it is no JSON
  bool too_long = false;  // with `error`: the texts are longer than the metric takes
};

// How fuzzy_match compares: OpenAI's documentation names the package (rapidfuzz) and not the function.
enum class FuzzyMatch : uint8_t { kWRatio, kRatio };
template <>
struct EnumNames<FuzzyMatch> {
  static constexpr std::string_view kWhat = "fuzzy match";
  static constexpr EnumTable<FuzzyMatch, 2> kTable{{{FuzzyMatch::kWRatio, "wratio"}, {FuzzyMatch::kRatio, "ratio"}}};
};

// A question to a grading model: the body of a chat completion, and whose it is ("" = the grader itself, or its key in a multi grader).
struct ModelQuestion {
  std::string grader;
  std::string body;   // JSON; "" where `score` is known without asking
  OpenAiScore score;  // then
};

// What must be asked before the sample can be scored. `model`: asked instead of those that the graders name; "" = theirs.
std::vector<ModelQuestion> QuestionsOf(const OpenAiGrader& grader, const GradedSample& sample, const std::string& model);

// The score in a reply: the `content` of a chat completion's message. score_model: the number in `result` (or that the content is), 0
// where there is none, limited to the range; label_model: 1 for a passing label, 0 for another one; what is no label is an error.
OpenAiScore ScoreOfReply(const OpenAiGrader& grader, const std::string& content);

// The score in the body of a chat completion (choices[0].message.content). What is none is an error.
OpenAiScore ScoreOfCompletion(const OpenAiGrader& grader, std::string_view body);

// The value of a grader for a sample, by the documentation: string_check 0 or 1, text_similarity in [0, 1], multi by its formula. `asked`:
// of each question its score. Where the answer lacks what a template reads of it the grader's value is 0; where the row does, or a formula
// has no finite value, there is an error.
OpenAiScore ScoreOf(const OpenAiGrader& grader, const GradedSample& sample, FuzzyMatch fuzzy,
                    const std::map<std::string, OpenAiScore>& asked);

}  // namespace temper
