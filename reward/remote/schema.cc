#include "reward/remote/schema.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "cluster/base/error.h"
#include "policy/text/strict_json.h"

namespace temper {
namespace {

constexpr int kMaxSchemaDepth = 4;
constexpr size_t kShownBytes = 160;

// What is wrong with a reply.
struct SchemaProblem {
  std::string words;
};

double Fraction(const std::string& name, const nlohmann::json& value) {
  const double number = value.is_number() ? value.get<double>() : -1;
  if (!std::isfinite(number) || number < 0 || number > 1) throw SchemaProblem{Concat(name, " must be a number from 0 to 1")};
  return number;
}

const std::string& Text(const std::string& name, const nlohmann::json& value) {
  if (!value.is_string()) throw SchemaProblem{Concat(name, " must be a text")};
  return value.get_ref<const std::string&>();
}

template <typename Enum>
Enum Word(const std::string& name, const nlohmann::json& value) {
  const std::optional<Enum> known = ValueOf<Enum>(value.is_string() ? value.get_ref<const std::string&>() : "");
  if (!known) throw SchemaProblem{Concat(name, " must be one of ", AllNames<Enum>())};
  return *known;
}

uint32_t Offset(const nlohmann::json& piece, const char* name) {
  const auto found = piece.find(name);
  if (found == piece.end() || !found->is_number_unsigned() || found->get<uint64_t>() > UINT32_MAX)
    throw SchemaProblem{Concat("evidence needs ", name, ", an offset in bytes of the answer")};
  return found->get<uint32_t>();
}

void ReadEvidence(const nlohmann::json& value, RemoteReply* reply) {
  if (!value.is_array() || value.size() > kMaxReplyEvidence)
    throw SchemaProblem{Concat("evidence must be a list of at most ", kMaxReplyEvidence, " pieces of the answer")};
  for (const nlohmann::json& piece : value) {
    if (piece.is_string()) {
      reply->quotes.push_back(piece.get<std::string>());
      continue;
    }
    if (!piece.is_object()) throw SchemaProblem{"evidence holds texts, or objects with begin and end"};
    const auto proposition = piece.find("proposition");
    reply->grade.evidence.push_back(
        {proposition == piece.end() ? "" : Text("evidence.proposition", *proposition), Offset(piece, "begin"), Offset(piece, "end")});
  }
}

// Sets the field of the grade; false where there is no such part.
bool ReadPart(const std::string& name, const nlohmann::json& value, Grade* grade) {
  const std::optional<GradePart> part = ValueOf<GradePart>(name);
  if (!part) return false;
  switch (*part) {
    case GradePart::kSafety:
      grade->safety = Fraction(name, value);
      break;
    case GradePart::kSeverity:
      grade->severity = Word<Severity>(name, value);
      break;
    case GradePart::kHelpfulnessDirect:
      grade->h_direct = Fraction(name, value);
      break;
    case GradePart::kHelpfulnessIndirect:
      grade->h_indirect = Fraction(name, value);
      break;
    case GradePart::kMode:
      grade->mode = Word<ResponseMode>(name, value);
      break;
    case GradePart::kOverRefusal:
      if (!value.is_boolean()) throw SchemaProblem{"over_refusal must be true or false"};
      grade->over_refusal = value.get<bool>();
      break;
  }
  return true;
}

void ReadField(const std::string& name, const nlohmann::json& value, RemoteReply* reply) {
  Grade& grade = reply->grade;
  if (name == "id" || ReadPart(name, value, &grade)) return;
  if (name == "clause") {
    grade.clause = Text(name, value);
    if (grade.clause.size() > kMaxClauseBytes) throw SchemaProblem{Concat("clause must have at most ", kMaxClauseBytes, " bytes")};
  } else if (name == "evidence") {
    ReadEvidence(value, reply);
  } else {
    throw SchemaProblem{Concat("there is no field ", Quoted(name), "; the fields are id, ", AllNames<GradePart>(),
                               ", clause, evidence, refused_to_grade and error")};
  }
}

void ReadFields(const nlohmann::json& object, const std::vector<GradePart>& gives, RemoteReply* reply) {
  if (!object.is_object()) throw SchemaProblem{"it is not a JSON object"};
  const auto id = object.find("id");
  if (id == object.end() || !id->is_number_integer()) throw SchemaProblem{"it needs the id of its request, a whole number"};
  reply->id = id->get<int64_t>();
  for (const auto& [name, outcome] :
       {std::pair("refused_to_grade", GradeOutcome::kRefusedToGrade), std::pair("error", GradeOutcome::kCrash)}) {
    const auto reason = object.find(name);
    if (reason == object.end()) continue;
    reply->grade.outcome = outcome;
    reply->grade.error = Quoted(Text(name, *reason), 2 * kShownBytes);
    return;
  }
  for (const auto& [name, value] : object.items()) ReadField(name, value, reply);
  for (const GradePart part : gives)
    if (!object.contains(std::string(NameOf(part)))) throw SchemaProblem{Concat("it lacks ", NameOf(part), ", which this grader gives")};
}

}  // namespace

std::string RequestJson(int64_t id, const GradeRequest& request) {
  nlohmann::ordered_json json = {{"id", id},
                                 {"prompt", request.prompt},
                                 {"response", request.response},
                                 {"category", request.category},
                                 {"truncated", request.truncated}};
  if (!request.intent.empty()) json["intent"] = request.intent;
  if (!request.label.empty()) json["label"] = request.label;
  json["item"] = nlohmann::ordered_json::object();
  for (const auto& [column, value] : request.item) json["item"][column] = value;
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Grade ParseErrorGrade(const std::string& what, std::string_view text) {
  Grade grade;
  grade.outcome = GradeOutcome::kParseError;
  grade.error = Concat("the reply is not of the schema: ", what, ": ", Quoted(text, kShownBytes));
  return grade;
}

RemoteReply ReadReply(const nlohmann::json& object, const std::vector<GradePart>& gives) {
  RemoteReply reply;
  try {
    ReadFields(object, gives, &reply);
  } catch (const SchemaProblem& problem) {
    reply.grade = ParseErrorGrade(problem.words, object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    reply.quotes.clear();
  }
  return reply;
}

RemoteReply ParseReply(std::string_view text, const std::vector<GradePart>& gives) {
  RemoteReply reply;
  if (text.size() > kMaxReplyBytes) {
    reply.grade = ParseErrorGrade(Concat("it is longer than ", kMaxReplyBytes, " bytes"), text);
    return reply;
  }
  std::string error;
  const std::optional<nlohmann::json> object = ParseStrictJson(text, kMaxSchemaDepth, &error);
  if (object) return ReadReply(*object, gives);
  reply.grade = ParseErrorGrade(error, text);
  return reply;
}

void Complete(const GradeRequest& request, Grade* grade) {
  grade->helpfulness = std::max(grade->h_direct, grade->h_indirect);
  SetMode(grade->mode, grade);
  if (grade->over_refusal) grade->refused = grade->declined = true;
  grade->restricted = grade->refused && !grade->over_refusal;
  CountByRow(request.intent, request.label, grade);
}

Grade GradeOfReply(const GradeRequest& request, RemoteReply reply) {
  if (reply.grade.outcome != GradeOutcome::kOk) return std::move(reply.grade);
  for (const Evidence& span : reply.grade.evidence) {
    if (span.begin > span.end || span.end > request.response.size())
      return ParseErrorGrade(Concat("evidence from ", span.begin, " to ", span.end, " of an answer of ", request.response.size(), " bytes"),
                             request.response);
  }
  for (const std::string& quote : reply.quotes) {
    const size_t at = request.response.find(quote);
    if (at == std::string::npos || at + quote.size() > UINT32_MAX) continue;
    reply.grade.evidence.push_back({"", static_cast<uint32_t>(at), static_cast<uint32_t>(at + quote.size())});
  }
  Complete(request, &reply.grade);
  return std::move(reply.grade);
}

}  // namespace temper
