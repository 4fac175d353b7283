#include "reward/grade/grade_json.h"

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"

namespace temper {
namespace {

using Json = nlohmann::ordered_json;
constexpr size_t kMaxGradeBytes = 1 << 20;

const Json& Field(const Json& object, const char* name) {
  const auto found = object.find(name);
  TEMPER_CHECK(found != object.end(), "a grade lacks the field ", name);
  return *found;
}
std::string Text(const Json& object, const char* name) {
  const Json& value = Field(object, name);
  TEMPER_CHECK(value.is_string(), "field ", name, " of a grade is not text");
  return value.get<std::string>();
}
bool Flag(const Json& object, const char* name) {
  const Json& value = Field(object, name);
  TEMPER_CHECK(value.is_boolean(), "field ", name, " of a grade is not true or false");
  return value.get<bool>();
}
double Number(const Json& object, const char* name) {
  const Json& value = Field(object, name);
  TEMPER_CHECK(value.is_number(), "field ", name, " of a grade is not a number");
  return value.get<double>();
}
double Unit(const Json& object, const char* name, bool bounded) {
  const double value = Number(object, name);
  TEMPER_CHECK(!bounded || (value >= 0 && value <= 1), "field ", name, " of a grade is ", value, ", outside [0, 1]");
  return value;
}
int64_t Whole(const Json& object, const char* name) {
  const Json& value = Field(object, name);
  TEMPER_CHECK(value.is_number_integer(), "field ", name, " of a grade is not a whole number");
  return value.get<int64_t>();
}
uint32_t Offset(const Json& object, const char* name) {
  const Json& value = Field(object, name);
  TEMPER_CHECK(value.is_number_unsigned() && value.get<uint64_t>() <= UINT32_MAX, "field ", name, " of an evidence span is not an offset");
  return value.get<uint32_t>();
}

Verdict ReadVerdict(const Json& json) {
  TEMPER_CHECK(json.is_object(), "a verdict of a grade is not an object");
  Verdict verdict;
  verdict.grader = Text(json, "grader");
  verdict.id = Text(json, "id");
  verdict.steers = Flag(json, "steers");
  verdict.outcome = ParseEnum<GradeOutcome>(Text(json, "outcome"));
  verdict.error = Text(json, "error");
  const Json& values = Field(json, "values");
  TEMPER_CHECK(values.is_object(), "field values of a verdict is not an object");
  for (const auto& [part, value] : values.items()) {
    ParseEnum<GradePart>(part);
    verdict.values[part] = Number(values, part.c_str());
  }
  verdict.latency_us = Whole(json, "latency_us");
  return verdict;
}

Json ToJson(const Verdict& verdict) {
  Json values = Json::object();
  for (const auto& [part, value] : verdict.values) values[part] = value;
  return {{"grader", verdict.grader}, {"id", verdict.id}, {"steers", verdict.steers},        {"outcome", NameOf(verdict.outcome)},
          {"error", verdict.error},   {"values", values}, {"latency_us", verdict.latency_us}};
}

Grade Read(const Json& json) {
  Grade grade;
  grade.outcome = ParseEnum<GradeOutcome>(Text(json, "outcome"));
  const bool ok = grade.outcome == GradeOutcome::kOk;
  grade.safety = Unit(json, "safety", ok);
  grade.helpfulness = Unit(json, "helpfulness", ok);
  grade.h_direct = Unit(json, "h_direct", ok);
  grade.h_indirect = Unit(json, "h_indirect", ok);
  grade.severity = ParseEnum<Severity>(Text(json, "severity"));
  grade.clause = Text(json, "clause");
  grade.mode = ParseEnum<ResponseMode>(Text(json, "mode"));
  grade.refused = Flag(json, "refused");
  grade.declined = Flag(json, "declined");
  grade.gave_requested = Flag(json, "gave_requested");
  grade.restricted = Flag(json, "restricted");
  grade.over_refusal = Flag(json, "over_refusal");
  const Json& spans = Field(json, "evidence");
  TEMPER_CHECK(spans.is_array(), "field evidence of a grade is not a list");
  for (const Json& span : spans) {
    TEMPER_CHECK(span.is_object(), "an evidence span of a grade is not an object");
    const Evidence evidence{Text(span, "proposition"), Offset(span, "begin"), Offset(span, "end")};
    TEMPER_CHECK(evidence.begin <= evidence.end, "an evidence span of a grade ends before it begins");
    grade.evidence.push_back(evidence);
  }
  grade.grader = Text(json, "grader");
  grade.latency_us = Whole(json, "latency_us");
  grade.error = Text(json, "error");
  if (const auto verdicts = json.find("verdicts"); verdicts != json.end()) {
    TEMPER_CHECK(verdicts->is_array(), "field verdicts of a grade is not a list");
    for (const Json& verdict : *verdicts) grade.verdicts.push_back(ReadVerdict(verdict));
  }
  return grade;
}

}  // namespace

std::string GradeToJson(const Grade& grade) {
  Json spans = Json::array();
  for (const Evidence& span : grade.evidence)
    spans.push_back({{"proposition", span.proposition}, {"begin", span.begin}, {"end", span.end}});
  Json json{{"outcome", NameOf(grade.outcome)},
            {"safety", grade.safety},
            {"helpfulness", grade.helpfulness},
            {"h_direct", grade.h_direct},
            {"h_indirect", grade.h_indirect},
            {"severity", NameOf(grade.severity)},
            {"clause", grade.clause},
            {"mode", NameOf(grade.mode)},
            {"refused", grade.refused},
            {"declined", grade.declined},
            {"gave_requested", grade.gave_requested},
            {"restricted", grade.restricted},
            {"over_refusal", grade.over_refusal},
            {"evidence", spans},
            {"grader", grade.grader},
            {"latency_us", grade.latency_us},
            {"error", grade.error}};
  if (!grade.verdicts.empty()) {
    json["verdicts"] = Json::array();
    for (const Verdict& verdict : grade.verdicts) json["verdicts"].push_back(ToJson(verdict));
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Grade GradeFromJson(const std::string& text) {
  TEMPER_CHECK(text.size() <= kMaxGradeBytes, "a grade of ", text.size(), " bytes; the limit is ", kMaxGradeBytes);
  const Json json = Json::parse(text, nullptr, false);
  TEMPER_CHECK(json.is_object(), "a grade is not a JSON object: ", text.substr(0, 200));
  try {
    return Read(json);
  } catch (const ConfigError& error) {
    TEMPER_FAIL("a grade holds an ", error.what());
  }
}

}  // namespace temper
