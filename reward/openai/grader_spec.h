#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/base/enum_names.h"
#include "reward/openai/formula.h"
#include "reward/openai/template.h"

namespace temper {

enum class OpenAiGraderKind : uint8_t { kStringCheck, kTextSimilarity, kScoreModel, kLabelModel, kMulti };
template <>
struct EnumNames<OpenAiGraderKind> {
  static constexpr std::string_view kWhat = "type of an OpenAI grader";
  static constexpr EnumTable<OpenAiGraderKind, 5> kTable{{{OpenAiGraderKind::kStringCheck, "string_check"},
                                                          {OpenAiGraderKind::kTextSimilarity, "text_similarity"},
                                                          {OpenAiGraderKind::kScoreModel, "score_model"},
                                                          {OpenAiGraderKind::kLabelModel, "label_model"},
                                                          {OpenAiGraderKind::kMulti, "multi"}}};
};

enum class StringOperation : uint8_t { kEqual, kNotEqual, kLike, kIlike };
template <>
struct EnumNames<StringOperation> {
  static constexpr std::string_view kWhat = "operation of a string_check";
  static constexpr EnumTable<StringOperation, 4> kTable{{{StringOperation::kEqual, "eq"},
                                                         {StringOperation::kNotEqual, "ne"},
                                                         {StringOperation::kLike, "like"},
                                                         {StringOperation::kIlike, "ilike"}}};
};

enum class SimilarityMetric : uint8_t { kFuzzyMatch, kBleu, kGleu, kRouge1, kRouge2, kRouge3, kRouge4, kRouge5, kRougeL };
template <>
struct EnumNames<SimilarityMetric> {
  static constexpr std::string_view kWhat = "evaluation_metric";
  static constexpr EnumTable<SimilarityMetric, 9> kTable{{{SimilarityMetric::kFuzzyMatch, "fuzzy_match"},
                                                          {SimilarityMetric::kBleu, "bleu"},
                                                          {SimilarityMetric::kGleu, "gleu"},
                                                          {SimilarityMetric::kRouge1, "rouge_1"},
                                                          {SimilarityMetric::kRouge2, "rouge_2"},
                                                          {SimilarityMetric::kRouge3, "rouge_3"},
                                                          {SimilarityMetric::kRouge4, "rouge_4"},
                                                          {SimilarityMetric::kRouge5, "rouge_5"},
                                                          {SimilarityMetric::kRougeL, "rouge_l"}}};
};

// A message to a grading model.
struct GraderMessage {
  std::string role;  // system | developer | user | assistant
  GraderTemplate content;
};

// A grader of OpenAI's, as its JSON says. Which members mean something follows from `kind`.
struct OpenAiGrader {
  std::string name;
  OpenAiGraderKind kind = OpenAiGraderKind::kStringCheck;
  // string_check, text_similarity
  StringOperation operation = StringOperation::kEqual;
  SimilarityMetric metric = SimilarityMetric::kFuzzyMatch;
  GraderTemplate input, reference;
  // score_model, label_model
  std::vector<GraderMessage> messages;
  std::string model;
  std::string sampling;      // further keys of a chat request, a JSON object
  double low = 0, high = 1;  // range of score_model
  std::vector<std::string> labels, passing_labels;
  // multi
  std::map<std::string, OpenAiGrader> graders;  // by the key that the formula names
  Formula formula;

  bool IsModel() const;                      // a score_model or a label_model
  bool AsksModel() const;                    // it is one, or a grader of it
  std::vector<std::string> Models() const;   // the names of those that are asked, sorted
  std::vector<std::string> Columns() const;  // of the row that its templates read, sorted
};

// Reads a grader, or the one of a reinforcement fine-tuning job (method.reinforcement.grader). Throws ConfigError naming `source` and the
// key: no JSON, an unknown type, a missing or wrong key, a template or formula that does not read. `python` is refused with the way to a
// grader of type command, `cosine` and `meteor` with what they need, a multi grader in a multi grader as OpenAI refuses it. At most 1 MiB
// and 100 graders.
OpenAiGrader ParseOpenAiGrader(std::string_view text, const std::string& source);

// The JSON of the grader in a job's JSON, or the same text where it is a grader itself; for a message, `source`. Throws ConfigError.
nlohmann::json OpenAiGraderJson(std::string_view text, const std::string& source);

}  // namespace temper
