#include "reward/openai/judge.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "cluster/base/error.h"
#include "cluster/base/utf8.h"
#include "policy/text/strict_json.h"

namespace temper {
namespace {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

constexpr size_t kShown = 200;  // bytes of a reply in a message

// OpenAI's own form of a score. Servers that decode by the schema write its keys in its order.
OrderedJson ResponseFormat(const OpenAiGrader& grader) {
  const OrderedJson text = {{"type", "string"}};
  const OrderedJson step = {{"type", "object"},
                            {"properties", {{"description", text}, {"conclusion", text}}},
                            {"required", {"description", "conclusion"}},
                            {"additionalProperties", false}};
  const bool labels = grader.kind == OpenAiGraderKind::kLabelModel;
  OrderedJson result = {{"type", labels ? "string" : "number"}};
  if (labels) result["enum"] = grader.labels;
  const OrderedJson schema = {{"type", "object"},
                              {"properties", {{"steps", {{"type", "array"}, {"items", step}}}, {"result", result}}},
                              {"required", {"steps", "result"}},
                              {"additionalProperties", false}};
  return {{"type", "json_schema"}, {"json_schema", {{"name", labels ? "label" : "score"}, {"strict", true}, {"schema", schema}}}};
}

ModelQuestion QuestionOf(const OpenAiGrader& grader, const std::string& key, const GradedSample& sample, const JudgeOptions& options) {
  OrderedJson body = {{"model", options.model.empty() ? grader.model : options.model}, {"messages", OrderedJson::array()}};
  for (const GraderMessage& message : grader.messages) {
    const Rendered content = message.content.Render(sample);
    if (content.problem != RenderProblem::kNone) return {key, "", ScoreOfUnrendered(content)};
    const std::string role = message.role == "developer" ? "system" : message.role;
    body["messages"].push_back({{"role", role}, {"content", RepairUtf8(content.text)}});
  }
  if (options.reply_format == ReplyFormat::kJsonSchema) body["response_format"] = ResponseFormat(grader);
  body.update(OrderedJson::parse(grader.sampling));
  return {key, body.dump(-1, ' ', false, Json::error_handler_t::replace), {}};
}

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\r\n";
  const size_t begin = text.find_first_not_of(kSpaces);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpaces) + 1 - begin);
}

// What stands in a code fence, where the whole text is one.
std::string_view Unfenced(std::string_view text) {
  constexpr std::string_view kFence = "```";
  text = Trimmed(text);
  const size_t line = text.find('\n');
  if (text.size() < 2 * kFence.size() || line == std::string_view::npos || !text.starts_with(kFence) || !text.ends_with(kFence))
    return text;
  return Trimmed(text.substr(line, text.size() - kFence.size() - line));
}

// The whole text as a number in decimal notation.
std::optional<double> NumberIn(std::string_view text) {
  text = Trimmed(text);
  double value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

// What a reply says: a text or a number. Null where it is an object without a result, or another value that is neither.
Json ResultIn(std::string_view text) {
  constexpr int kDepth = 32;
  std::string problem;
  std::optional<Json> reply = ParseStrictJson(text, kDepth, &problem);
  if (!reply) return std::string(text);
  if (reply->is_object()) return reply->contains("result") ? reply->at("result") : Json();
  return *std::move(reply);
}

OpenAiScore ScoreOfNumber(const OpenAiGrader& grader, const Json& result, std::string_view content, BadReplies bad_replies) {
  std::optional<double> number;
  if (result.is_number()) number = result.get<double>();
  if (result.is_string()) number = NumberIn(result.get_ref<const std::string&>());
  if (number && *number >= grader.low && *number <= grader.high) return {.value = *number};
  const std::string problem =
      Concat(number ? Concat("the model's score ", *number, " lies outside the range ", grader.low, " to ", grader.high)
                    : "the model's reply holds no number",
             ": ", Quoted(content, kShown));
  if (bad_replies == BadReplies::kFail) return {.error = problem};
  return {.value = std::clamp(number.value_or(0), grader.low, grader.high), .note = problem};
}

}  // namespace

std::vector<ModelQuestion> QuestionsOf(const OpenAiGrader& grader, const GradedSample& sample, const JudgeOptions& options) {
  if (grader.IsModel()) return {QuestionOf(grader, "", sample, options)};
  std::vector<ModelQuestion> questions;
  for (const auto& [key, each] : grader.graders)
    if (each.IsModel()) questions.push_back(QuestionOf(each, key, sample, options));
  return questions;
}

OpenAiScore ScoreOfReply(const OpenAiGrader& grader, std::string_view content, BadReplies bad_replies) {
  const std::string_view text = Unfenced(content);
  const Json result = ResultIn(text);
  if (grader.kind == OpenAiGraderKind::kScoreModel) return ScoreOfNumber(grader, result, content, bad_replies);
  const std::string label = result.is_string() ? result.get<std::string>() : std::string(text);
  const auto holds = [&](const std::vector<std::string>& labels) { return std::find(labels.begin(), labels.end(), label) != labels.end(); };
  if (!holds(grader.labels)) return {.error = Concat("the model's reply is none of the labels: ", Quoted(content, kShown))};
  return {.value = holds(grader.passing_labels) ? 1.0 : 0.0};
}

OpenAiScore ScoreOfCompletion(const OpenAiGrader& grader, std::string_view body, BadReplies bad_replies) {
  constexpr int kDepth = 64;
  std::string problem;
  const std::optional<Json> reply = ParseStrictJson(body, kDepth, &problem);
  const Json::json_pointer first("/choices/0");
  const Json choice = reply && reply->is_object() && reply->contains(first) ? reply->at(first) : Json();
  const auto text_at = [&](const char* place) -> std::string {
    const Json::json_pointer pointer(place);
    return choice.is_object() && choice.contains(pointer) && choice.at(pointer).is_string() ? choice.at(pointer).get<std::string>() : "";
  };
  const std::string content = text_at("/message/content"), refusal = text_at("/message/refusal"), end = text_at("/finish_reason");
  if (!refusal.empty()) return {.error = Concat("the model refuses to grade: ", Quoted(refusal, kShown)), .refused = true};
  if (end == "content_filter") return {.error = "the server's content filter took the model's reply", .refused = true};
  if (!choice.is_object() || !choice.contains(Json::json_pointer("/message/content")) ||
      !choice.at(Json::json_pointer("/message/content")).is_string())
    return {.error = Concat("the reply is no chat completion with a text: ", problem, problem.empty() ? "" : ": ", Quoted(body, kShown))};
  if (end == "length" && !Unfenced(content).ends_with('}'))
    return {.error = Concat("the model's reply was cut at its limit (max_completion_tokens): ", Quoted(content, kShown))};
  return ScoreOfReply(grader, content, bad_replies);
}

}  // namespace temper
