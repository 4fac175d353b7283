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
  std::string error = "";  // the row or a model's reply is at fault; "" = there is a value
  std::string note = "";   // why the value is 0 where the answer is at fault, e.g. it is no JSON
  bool refused = false;    // with `error`: the sample is refused: its texts are longer than the metric takes, or a model refuses it
};

// The score of a sample that a template has no text for: 0 where the answer is at fault, an error where the row is.
OpenAiScore ScoreOfUnrendered(const Rendered& rendered);

// How fuzzy_match compares: OpenAI's documentation names the package (rapidfuzz) and not the function.
enum class FuzzyMatch : uint8_t { kWRatio, kRatio };
template <>
struct EnumNames<FuzzyMatch> {
  static constexpr std::string_view kWhat = "fuzzy match";
  static constexpr EnumTable<FuzzyMatch, 2> kTable{{{FuzzyMatch::kWRatio, "wratio"}, {FuzzyMatch::kRatio, "ratio"}}};
};

// The value of a grader for a sample, by the documentation: string_check 0 or 1, text_similarity in [0, 1], multi by its formula. `asked`:
// the score of each grader in it that asks a model (reward/openai/judge.h), by its key, or by "" where it is the grader itself. Where the
// answer lacks what a template reads of it the grader's value is 0; where the row does, or a formula has no finite value, there is an
// error.
OpenAiScore ScoreOf(const OpenAiGrader& grader, const GradedSample& sample, FuzzyMatch fuzzy,
                    const std::map<std::string, OpenAiScore>& asked);

}  // namespace temper
