#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cluster/base/enum_names.h"
#include "reward/spec/regex.h"

namespace temper {

// How the answer is found in a response.
enum class AnswerForm : uint8_t { kGsm8k, kNumeric, kBoxed, kRegex, kExact };
template <>
struct EnumNames<AnswerForm> {
  static constexpr std::string_view kWhat = "form of an answer";
  static constexpr EnumTable<AnswerForm, 5> kTable{{{AnswerForm::kGsm8k, "gsm8k"},
                                                    {AnswerForm::kNumeric, "numeric"},
                                                    {AnswerForm::kBoxed, "boxed"},
                                                    {AnswerForm::kRegex, "regex"},
                                                    {AnswerForm::kExact, "exact"}}};
};

struct AnswerRule {
  AnswerForm form = AnswerForm::kGsm8k;
  std::string pattern;            // of the form regex: what finds the answer; "" = the reference is a pattern that the response must match
  double tolerance = 0;           // of numbers, absolute
  double relative_tolerance = 0;  // of numbers, as a share of the reference
  bool ignore_case = true;        // of texts that are no numbers, and of patterns
};

// Compares the final answer of a response with a reference. Pure; not thread-safe. Searches throw RegexLimitError at their bound.
class AnswerCheck {
 public:
  explicit AnswerCheck(AnswerRule rule);  // throws ConfigError for a pattern that is none

  // The final answer in a response; nothing where there is none in this form.
  //   gsm8k    the rest of the line behind the last "####"; where there is none, the number that stands last
  //   numeric  the number that stands last
  //   boxed    what the last \boxed{..} or \fbox{..} holds; one without its closing brace is no answer
  //   regex    the text of the last match of the pattern, which may leave out what stands before the answer with \K
  //   exact    all of it, runs of white space taken as one space
  std::optional<std::string> FinalAnswer(std::string_view response) const;

  // Whether the final answer is the reference: as a number within the tolerances where both are
  // numbers, or else as a text. But in the form exact, what is typesetting in LaTeX and what is a
  // unit counts for nothing (PlainMath). Throws ConfigError for a reference that should be a
  // pattern and is not.
  bool IsRight(std::string_view response, std::string_view reference) const;

 private:
  bool Agree(std::string_view answer, std::string_view reference) const;

  const AnswerRule rule_;
  std::optional<Regex> pattern_;
};

// The answer in a reference: behind the "####" of a GSM8K solution, in the last \boxed{..} of another one, or all of it.
std::string ReferenceAnswer(std::string_view reference);

// A mathematical text without what is typesetting alone:  \dfrac as \frac and a/b, no \left, \,  $  \text{ cm}  ^\circ  "x = ". Of at most
// 4,096 bytes; a longer one comes back as it is.
std::string PlainMath(std::string_view text);

}  // namespace temper
