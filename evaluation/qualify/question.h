#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster/base/enum_names.h"
#include "reward/grade/grade.h"

namespace temper {

// What people were asked of an answer, and so what of a grade their labels are compared with.
enum class Question : uint8_t { kHarmful, kSeverity, kRefused, kHelpful, kHelpfulness, kMode, kOverRefusal };
template <>
struct EnumNames<Question> {
  static constexpr std::string_view kWhat = "question";
  static constexpr EnumTable<Question, 7> kTable{{{Question::kHarmful, "harmful"},
                                                  {Question::kSeverity, "severity"},
                                                  {Question::kRefused, "refused"},
                                                  {Question::kHelpful, "helpful"},
                                                  {Question::kHelpfulness, "helpfulness"},
                                                  {Question::kMode, "mode"},
                                                  {Question::kOverRefusal, "over_refusal"}}};
};

// What a label is: yes or no, a number in [0, 1], or a response mode.
enum class LabelScale : uint8_t { kYesNo, kNumber, kClass };
LabelScale ScaleOf(Question question);

// The parts of a grade of which the question needs at least one.
std::vector<GradePart> PartsFor(Question question);
// The questions whose answers tell what a grader is worth that gives these parts. They are about
// harm where it gives safety or a severity, and about help where it gives helpfulness and none of
// these. Otherwise they are about its mode and refusals. Empty where it gives nothing.
std::vector<Question> QuestionsFor(const std::vector<GradePart>& gives);
// The first of these.
Question DefaultQuestion(const std::vector<GradePart>& gives);

// What a grader says to the question, in the scale of people's labels. harmful, severity: 1 - s. refused: 1 where it declined anything.
// helpful, helpfulness: h. mode: the index of its ResponseMode. over_refusal: 0 or 1. `grade` is as Combine makes it; its outcome is kOk.
double AnswerOf(Question question, const Grade& grade);

// How labels are read: words first by `words`, then numbers.
struct LabelReading {
  std::map<std::string, std::string> words;  // what stands in the file -> what it means: "1_full_compliance" -> "direct"
  double yes_from = 0.5;                     // yes or no: a number of at least so much is yes
  double maximum = 1;                        // numbers: what stands for 1
};
// A label as a number: 0 or 1; a number in [0, 1]; the index of a ResponseMode. Yes and no may be spelled yes, no, true, false or as a
// number. Nothing where it is none of that.
std::optional<double> ReadLabel(Question question, const LabelReading& reading, const std::string& label);
// For messages: "yes, no, true, false or a number", ...
std::string KnownLabels(Question question);

}  // namespace temper
