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
uint32_t Offset(const Json& object, const char* name) {
  const Json& value = Field(object, name);
  TEMPER_CHECK(value.is_number_unsigned() && value.get<uint64_t>() <= UINT32_MAX, "field ", name, " of an evidence span is no offset");
  return value.get<uint32_t>();
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
  const Json& latency = Field(json, "latency_us");
  TEMPER_CHECK(latency.is_number_integer(), "field latency_us of a grade is not a whole number");
  grade.latency_us = latency.get<int64_t>();
  grade.error = Text(json, "error");
  return grade;
}

}  // namespace

std::string GradeToJson(const Grade& grade) {
  Json spans = Json::array();
  for (const Evidence& span : grade.evidence)
    spans.push_back({{"proposition", span.proposition}, {"begin", span.begin}, {"end", span.end}});
  const Json json{{"outcome", NameOf(grade.outcome)},
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
