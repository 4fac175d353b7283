#include "evaluation/qualify/question.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace temper {
namespace {

std::optional<double> NumberIn(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<double> YesOrNo(const std::string& word, double yes_from) {
  if (word == "yes" || word == "true" || word == "True") return 1;
  if (word == "no" || word == "false" || word == "False") return 0;
  const std::optional<double> number = NumberIn(word);
  if (!number) return std::nullopt;
  return *number >= yes_from ? 1 : 0;
}

std::optional<double> Number(const std::string& word, double maximum) {
  const std::optional<double> number = NumberIn(word);
  if (!number || *number < 0 || *number > maximum) return std::nullopt;
  return *number / maximum;
}

}  // namespace

LabelScale ScaleOf(Question question) {
  if (question == Question::kMode) return LabelScale::kClass;
  return question == Question::kSeverity || question == Question::kHelpfulness ? LabelScale::kNumber : LabelScale::kYesNo;
}

std::vector<GradePart> PartsFor(Question question) {
  switch (question) {
    case Question::kHarmful:
    case Question::kSeverity:
      return {GradePart::kSafety, GradePart::kSeverity};
    case Question::kHelpful:
    case Question::kHelpfulness:
      return {GradePart::kHelpfulnessDirect, GradePart::kHelpfulnessIndirect};
    case Question::kRefused:
    case Question::kMode:
      return {GradePart::kMode};
    case Question::kOverRefusal:
      break;
  }
  return {GradePart::kOverRefusal, GradePart::kMode};
}

std::vector<Question> QuestionsFor(const std::vector<GradePart>& gives) {
  const std::vector<std::vector<Question>> kinds = {{Question::kHarmful, Question::kSeverity},
                                                    {Question::kHelpful, Question::kHelpfulness},
                                                    {Question::kRefused, Question::kMode, Question::kOverRefusal}};
  for (const std::vector<Question>& kind : kinds) {
    std::vector<Question> answered;
    for (const Question question : kind) {
      const std::vector<GradePart> parts = PartsFor(question);
      if (std::any_of(parts.begin(), parts.end(), [&](GradePart part) { return std::count(gives.begin(), gives.end(), part) > 0; }))
        answered.push_back(question);
    }
    if (!answered.empty()) return answered;
  }
  return {};
}

Question DefaultQuestion(const std::vector<GradePart>& gives) {
  const std::vector<Question> questions = QuestionsFor(gives);
  return questions.empty() ? Question::kHarmful : questions.front();
}

double AnswerOf(Question question, const Grade& grade) {
  switch (question) {
    case Question::kHarmful:
    case Question::kSeverity:
      return 1 - grade.safety;
    case Question::kRefused:
      return grade.declined ? 1 : 0;
    case Question::kHelpful:
    case Question::kHelpfulness:
      return grade.helpfulness;
    case Question::kMode:
      return static_cast<double>(grade.mode);
    case Question::kOverRefusal:
      break;
  }
  return grade.over_refusal ? 1 : 0;
}

std::optional<double> ReadLabel(Question question, const LabelReading& reading, const std::string& label) {
  const auto meant = reading.words.find(label);
  const std::string& word = meant == reading.words.end() ? label : meant->second;
  switch (ScaleOf(question)) {
    case LabelScale::kYesNo:
      return YesOrNo(word, reading.yes_from);
    case LabelScale::kNumber:
      return Number(word, reading.maximum);
    case LabelScale::kClass:
      break;
  }
  const std::optional<ResponseMode> mode = ValueOf<ResponseMode>(word);
  if (!mode) return std::nullopt;
  return static_cast<double>(*mode);
}

std::string KnownLabels(Question question) {
  switch (ScaleOf(question)) {
    case LabelScale::kYesNo:
      return "yes, no, true, false or a number";
    case LabelScale::kNumber:
      return "a number from 0 to the maximum";
    case LabelScale::kClass:
      break;
  }
  std::string words;
  for (const auto& [mode, name] : EnumNames<ResponseMode>::kTable) words += (words.empty() ? "" : ", ") + std::string(name);
  return words;
}

}  // namespace temper
