#include "reward/openai/score.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "cluster/base/error.h"
#include "cluster/base/utf8.h"
#include "policy/text/strict_json.h"
#include "reward/openai/fuzzy.h"
#include "reward/openai/similarity.h"

namespace temper {
namespace {

using Json = nlohmann::json;

std::string Lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

bool Check(StringOperation operation, const std::string& input, const std::string& reference) {
  switch (operation) {
    case StringOperation::kEqual:
      return input == reference;
    case StringOperation::kNotEqual:
      return input != reference;
    case StringOperation::kLike:
      return input.find(reference) != std::string::npos;
    case StringOperation::kIlike:
      return Lower(input).find(Lower(reference)) != std::string::npos;
  }
  return false;
}

std::optional<double> Similarity(SimilarityMetric metric, FuzzyMatch fuzzy, const std::string& input, const std::string& reference) {
  switch (metric) {
    case SimilarityMetric::kFuzzyMatch:
      return fuzzy == FuzzyMatch::kRatio ? FuzzyRatio(input, reference) : FuzzyWRatio(input, reference);
    case SimilarityMetric::kBleu:
      return Bleu(input, reference);
    case SimilarityMetric::kGleu:
      return Gleu(input, reference);
    case SimilarityMetric::kRougeL:
      return RougeL(input, reference);
    case SimilarityMetric::kRouge1:
    case SimilarityMetric::kRouge2:
    case SimilarityMetric::kRouge3:
    case SimilarityMetric::kRouge4:
    case SimilarityMetric::kRouge5:
      break;
  }
  return RougeN(input, reference, 1 + static_cast<int>(metric) - static_cast<int>(SimilarityMetric::kRouge1));
}

// The score of a sample that a template has no text for.
OpenAiScore Unrendered(const Rendered& rendered) {
  if (rendered.problem == RenderProblem::kSample) return {.note = rendered.error};
  return {.error = rendered.error};
}

// What the reply must look like: OpenAI's own form of a score, with room to reason before it.
Json ResponseFormat(const OpenAiGrader& grader) {
  const Json text = {{"type", "string"}};
  const Json step = {{"type", "object"},
                     {"properties", {{"description", text}, {"conclusion", text}}},
                     {"required", {"description", "conclusion"}},
                     {"additionalProperties", false}};
  const bool labels = grader.kind == OpenAiGraderKind::kLabelModel;
  const Json result = labels ? Json{{"type", "string"}, {"enum", grader.labels}} : Json{{"type", "number"}};
  const Json schema = {{"type", "object"},
                       {"properties", {{"steps", {{"type", "array"}, {"items", step}}}, {"result", result}}},
                       {"required", {"steps", "result"}},
                       {"additionalProperties", false}};
  return {{"type", "json_schema"}, {"json_schema", {{"name", labels ? "label" : "score"}, {"strict", true}, {"schema", schema}}}};
}

ModelQuestion QuestionOf(const OpenAiGrader& grader, const std::string& key, const GradedSample& sample, const std::string& model) {
  Json body = Json::parse(grader.sampling);
  body["model"] = model.empty() ? grader.model : model;
  body["response_format"] = ResponseFormat(grader);
  body["messages"] = Json::array();
  for (const GraderMessage& message : grader.messages) {
    const Rendered content = message.content.Render(sample);
    if (content.problem != RenderProblem::kNone) return {key, "", Unrendered(content)};
    body["messages"].push_back({{"role", message.role}, {"content", RepairUtf8(content.text)}});
  }
  return {key, body.dump(), {}};
}

bool IsModel(const OpenAiGrader& grader) {
  return grader.kind == OpenAiGraderKind::kScoreModel || grader.kind == OpenAiGraderKind::kLabelModel;
}

// The whole text as a number.
std::optional<double> NumberIn(const std::string& text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return std::nullopt;
  const std::string word = text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin);
  char* end = nullptr;
  const double value = std::strtod(word.c_str(), &end);
  if (word.size() > 40 || end != word.c_str() + word.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace

std::vector<ModelQuestion> QuestionsOf(const OpenAiGrader& grader, const GradedSample& sample, const std::string& model) {
  if (IsModel(grader)) return {QuestionOf(grader, "", sample, model)};
  std::vector<ModelQuestion> questions;
  for (const auto& [key, each] : grader.graders)
    if (IsModel(each)) questions.push_back(QuestionOf(each, key, sample, model));
  return questions;
}

OpenAiScore ScoreOfReply(const OpenAiGrader& grader, const std::string& content) {
  constexpr int kDepth = 32;
  std::string problem;
  const std::optional<Json> reply = ParseStrictJson(content, kDepth, &problem);
  const bool has_result = reply && reply->is_object() && reply->contains("result");
  const Json result = has_result ? reply->at("result") : Json();
  if (grader.kind == OpenAiGraderKind::kLabelModel) {
    const std::string label = result.is_string() ? result.get<std::string>() : content;
    if (std::find(grader.labels.begin(), grader.labels.end(), label) == grader.labels.end())
      return {.error = Concat("the model's reply is none of the labels: ", Quoted(content, 200))};
    const auto& passing = grader.passing_labels;
    return {.value = std::find(passing.begin(), passing.end(), label) == passing.end() ? 0.0 : 1.0};
  }
  std::optional<double> number = NumberIn(content);
  if (result.is_number()) number = result.get<double>();
  if (result.is_string()) number = NumberIn(result.get<std::string>());
  if (number) return {.value = std::clamp(*number, grader.low, grader.high)};
  return {.value = std::clamp(0.0, grader.low, grader.high), .note = Concat("the model's reply holds no number: ", Quoted(content, 200))};
}

OpenAiScore ScoreOfCompletion(const OpenAiGrader& grader, std::string_view body) {
  constexpr int kDepth = 64;
  std::string problem;
  const std::optional<Json> reply = ParseStrictJson(body, kDepth, &problem);
  const Json::json_pointer place("/choices/0/message/content");
  if (reply && reply->is_object() && reply->contains(place) && reply->at(place).is_string())
    return ScoreOfReply(grader, reply->at(place).get<std::string>());
  return {.error = Concat("the reply is no chat completion with a text: ", Quoted(body, 200))};
}

OpenAiScore ScoreOf(const OpenAiGrader& grader, const GradedSample& sample, FuzzyMatch fuzzy,
                    const std::map<std::string, OpenAiScore>& asked) {
  if (IsModel(grader)) return asked.at("");
  if (grader.kind == OpenAiGraderKind::kMulti) {
    std::map<std::string, double> values;
    OpenAiScore all;
    for (const auto& [key, each] : grader.graders) {
      const OpenAiScore score = IsModel(each) ? asked.at(key) : ScoreOf(each, sample, fuzzy, {});
      if (!score.error.empty()) return {.error = Concat(key, ": ", score.error), .too_long = score.too_long};
      if (!score.note.empty()) all.note += Concat(all.note.empty() ? "" : "; ", key, ": ", score.note);
      values[key] = score.value;
    }
    const std::optional<double> value = grader.formula.Value(values);
    if (!value)
      return {.error = "calculate_output has no finite value for this answer (a division by 0, a root or logarithm of too little)"};
    all.value = *value;
    return all;
  }
  const Rendered input = grader.input.Render(sample), reference = grader.reference.Render(sample);
  // What the row lacks counts first: it is no fault of the answer's.
  for (const Rendered* each : {&input, &reference})
    if (each->problem == RenderProblem::kItem) return Unrendered(*each);
  for (const Rendered* each : {&input, &reference})
    if (each->problem == RenderProblem::kSample) return Unrendered(*each);
  if (grader.kind == OpenAiGraderKind::kStringCheck) return {.value = Check(grader.operation, input.text, reference.text) ? 1.0 : 0.0};
  const std::optional<double> similarity = Similarity(grader.metric, fuzzy, input.text, reference.text);
  if (similarity) return {.value = *similarity};
  return {.error = Concat("texts of ", input.text.size(), " and ", reference.text.size(), " bytes are too long for fuzzy_match"),
          .too_long = true};
}

}  // namespace temper
