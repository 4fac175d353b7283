#include "reward/remote/reward_protocol.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "policy/text/strict_json.h"
#include "reward/remote/schema.h"

namespace temper {
namespace {

using nlohmann::json;

constexpr int kMaxDepth = 12;  // replies of other programs say more than is read

// What is wrong with a whole reply, or with what it says of one answer.
struct Problem {
  std::string words;
};

std::string Dump(const nlohmann::ordered_json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

std::string LabelOf(const ProtocolOptions& options, const GradeRequest& request) {
  if (options.label_column.empty()) return request.label;
  const auto found = request.item.find(options.label_column);
  return found == request.item.end() ? "" : found->second;
}

// The template with what it names; what is put in is not looked at again.
std::string QueryOf(const ProtocolOptions& options, const GradeRequest& request) {
  std::string out;
  for (size_t at = 0; at < options.query.size();) {
    const std::string_view rest = std::string_view(options.query).substr(at);
    if (rest.starts_with("{prompt}")) {
      out += request.prompt;
      at += 8;
    } else if (rest.starts_with("{response}")) {
      out += request.response;
      at += 10;
    } else {
      out += options.query[at++];
    }
  }
  return out;
}

nlohmann::ordered_json VerlBody(const ProtocolOptions& options, const GradeRequest& request) {
  nlohmann::ordered_json extra = {{"prompt", request.prompt}, {"category", request.category}, {"truncated", request.truncated}};
  if (!request.intent.empty()) extra["intent"] = request.intent;
  for (const auto& [column, value] : request.item) extra[column] = value;
  const auto source = request.item.find("data_source");
  return {{"data_source", source == request.item.end() ? request.category : source->second},
          {"solution_str", request.response},
          {"ground_truth", LabelOf(options, request)},
          {"extra_info", extra}};
}

nlohmann::ordered_json OpenRlhfBody(const ProtocolOptions& options, const std::vector<GradeRequest>& requests) {
  auto query = nlohmann::ordered_json::array(), prompts = query, labels = query;
  for (const GradeRequest& request : requests) {
    query.push_back(QueryOf(options, request));
    prompts.push_back(request.prompt);
    labels.push_back(LabelOf(options, request));
  }
  return {{"query", query}, {"prompts", prompts}, {"labels", labels}};
}

// The rewards of one field, by answer. Throws Problem for another number of them.
const json& ListOf(const json& reply, const std::string& field, size_t count) {
  const json* found = nullptr;
  if (reply.is_object() && reply.contains(field)) found = &reply.at(field);
  if (found == nullptr && reply.is_object() && reply.contains("extra_logs") && reply["extra_logs"].is_object() &&
      reply["extra_logs"].contains(field))
    found = &reply["extra_logs"].at(field);
  if (found == nullptr || !found->is_array()) throw Problem{Concat("it has no list \"", field, "\"")};
  if (found->size() != count) throw Problem{Concat("\"", field, "\" holds ", found->size(), " rewards of ", count, " answers")};
  return *found;
}

double Finite(const json& value) {
  const double number = value.is_number() ? value.get<double>() : NAN;
  if (!std::isfinite(number)) throw Problem{"a reward is no finite number"};
  return number;
}

// Of verl's result: the number itself, or a field of it.
double VerlReward(const json& reply, const std::string& field) {
  if (field.empty() && reply.is_number()) return Finite(reply);
  for (const std::string& name :
       field.empty() ? std::vector<std::string>{"score", "reward", "reward_score"} : std::vector<std::string>{field})
    if (reply.is_object() && reply.contains(name)) return Finite(reply.at(name));
  throw Problem{field.empty() ? std::string("it is no number, and has neither score nor reward")
                              : Concat("it has no field \"", field, "\"")};
}

// Of a list of results, which may come in another order and say which is which.
double ModelReward(const json& data, size_t place) {
  const auto is_at = [&](const json& entry) { return entry.is_object() && entry.contains("index") && entry["index"] == place; };
  const auto indexed = std::find_if(data.begin(), data.end(), is_at);
  const json& entry = indexed == data.end() ? data.at(place) : *indexed;
  for (const char* name : {"probs", "embedding"})
    if (entry.is_object() && entry.contains(name) && entry[name].is_array() && !entry[name].empty()) return Finite(entry[name].back());
  throw Problem{"an entry of \"data\" has neither \"probs\" nor \"embedding\""};
}

// The reward that tells a part of answer `place`.
double RewardOf(const ProtocolOptions& options, const json& reply, GradePart part, size_t place, size_t count) {
  const auto named = options.fields.find(std::string(NameOf(part)));
  const std::string field = named == options.fields.end() ? "" : named->second;
  switch (options.protocol) {
    case RewardProtocol::kOpenRlhf:
      return Finite(ListOf(reply, field.empty() ? "rewards" : field, count).at(place));
    case RewardProtocol::kVerl:
      return VerlReward(reply, field);
    case RewardProtocol::kRewardModel:
      return ModelReward(ListOf(reply, "data", count), place);
    case RewardProtocol::kTemper:
      break;
  }
  throw Problem{"this protocol knows no rewards"};
}

void SetPart(GradePart part, double value, Grade* grade) {
  if (part == GradePart::kSafety) grade->safety = value;
  if (part == GradePart::kHelpfulnessDirect) grade->h_direct = value;
  if (part == GradePart::kHelpfulnessIndirect) grade->h_indirect = value;
  if (part == GradePart::kOverRefusal) grade->over_refusal = value >= 0.5;
}

Grade GradeOfReward(const ProtocolOptions& options, const GradeRequest& request, const json& reply, size_t place, size_t count) {
  Grade grade;
  grade.mode = ResponseMode::kDirect;
  for (const GradePart part : options.gives) {
    const double reward = RewardOf(options, reply, part, place, count);
    SetPart(part, std::clamp((reward - options.low) / (options.high - options.low), 0.0, 1.0), &grade);
  }
  Complete(request, &grade);
  return grade;
}

// By id; an id twice, or none, concerns the answer, a stranger's id all of them.
std::vector<Grade> GradesOfReplies(const ProtocolOptions& options, const std::vector<GradeRequest>& requests, const json& reply,
                                   std::string_view body) {
  if (!reply.is_object() || !reply.contains("replies") || !reply["replies"].is_array()) throw Problem{"it has no list \"replies\""};
  std::vector<std::optional<Grade>> by_place(requests.size());
  for (const json& each : reply["replies"]) {
    RemoteReply read = ReadReply(each, options.gives);
    if (!read.id) throw Problem{read.grade.error};
    if (*read.id < 1 || *read.id > static_cast<int64_t>(requests.size()))
      throw Problem{Concat("it answers request ", *read.id, ", which was not asked")};
    const auto place = static_cast<size_t>(*read.id - 1);
    by_place[place] = by_place[place] ? ParseErrorGrade(Concat("two replies have the id ", *read.id), body)
                                      : GradeOfReply(requests[place], std::move(read));
  }
  std::vector<Grade> grades;
  for (size_t i = 0; i < by_place.size(); ++i)
    grades.push_back(by_place[i] ? *std::move(by_place[i]) : ParseErrorGrade(Concat("no reply has the id ", i + 1), body));
  return grades;
}

}  // namespace

std::string ProtocolProblem(const ProtocolOptions& options) {
  if (options.protocol == RewardProtocol::kTemper) return "";
  for (const GradePart part : options.gives)
    if (part == GradePart::kSeverity || part == GradePart::kMode)
      return Concat("protocol ", NameOf(options.protocol), " gives numbers, and ", NameOf(part),
                    " is none: `gives` must name parts of safety, helpfulness_direct, helpfulness_indirect and over_refusal");
  return "";
}

int64_t LargestBatch(const ProtocolOptions& options, int64_t batch) { return options.protocol == RewardProtocol::kVerl ? 1 : batch; }

std::string RequestBody(const ProtocolOptions& options, const std::vector<GradeRequest>& requests) {
  switch (options.protocol) {
    case RewardProtocol::kOpenRlhf:
      return Dump(OpenRlhfBody(options, requests));
    case RewardProtocol::kVerl:
      return Dump(VerlBody(options, requests.at(0)));
    case RewardProtocol::kRewardModel: {
      nlohmann::ordered_json body = {{"model", options.model}, {"input", nlohmann::ordered_json::array()}, {"use_activation", false}};
      for (const GradeRequest& request : requests) body["input"].push_back(QueryOf(options, request));
      return Dump(body);
    }
    case RewardProtocol::kTemper:
      break;
  }
  std::string body = "{\"requests\": [";
  for (size_t i = 0; i < requests.size(); ++i) body += Concat(i == 0 ? "" : ", ", RequestJson(static_cast<int64_t>(i) + 1, requests[i]));
  return body + "]}";
}

std::vector<Grade> GradesOfBody(const ProtocolOptions& options, const std::vector<GradeRequest>& requests, std::string_view body) {
  std::string error;
  const std::optional<json> reply = ParseStrictJson(body, kMaxDepth, &error);
  std::vector<Grade> grades;
  try {
    if (!reply) throw Problem{error};
    if (options.protocol == RewardProtocol::kTemper) return GradesOfReplies(options, requests, *reply, body);
    for (size_t i = 0; i < requests.size(); ++i) grades.push_back(GradeOfReward(options, requests[i], *reply, i, requests.size()));
  } catch (const Problem& problem) {
    return std::vector<Grade>(requests.size(), ParseErrorGrade(problem.words, body));
  }
  return grades;
}

}  // namespace temper
