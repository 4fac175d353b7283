#include "record/audit_record.h"

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"

namespace temper {
namespace {

using Json = nlohmann::ordered_json;

// {name: {"id", values by part} or {"id", "outcome", "error"}}.
Json VerdictsJson(const std::vector<Verdict>& verdicts) {
  Json json = Json::object();
  for (const Verdict& verdict : verdicts) {
    Json& entry = json[verdict.grader] = {{"id", verdict.id}};
    if (!verdict.steers) entry["monitor"] = true;
    for (const auto& [part, value] : verdict.values) entry[part] = value;
    if (verdict.outcome == GradeOutcome::kOk) continue;
    entry["outcome"] = NameOf(verdict.outcome);
    entry["error"] = verdict.error;
  }
  return json;
}

}  // namespace

std::string AuditRecordToJson(const AuditRecord& record) {
  const Grade& grade = record.grade;
  Json json{{"step", record.step},         {"group", record.group},  {"prompt_id", record.prompt_id},   {"sample", record.sample},
            {"category", record.category}, {"grader", grade.grader}, {"outcome", NameOf(grade.outcome)}};
  if (!record.label.empty()) json["label"] = record.label;
  if (grade.outcome == GradeOutcome::kOk) {
    json["clause"] = grade.clause;
    json["severity"] = NameOf(grade.severity);
    json["safety"] = grade.safety;
    json["h_direct"] = grade.h_direct;
    json["h_indirect"] = grade.h_indirect;
    json["mode"] = NameOf(grade.mode);
  } else {
    json["error"] = grade.error;
  }
  if (!grade.verdicts.empty()) json["graders"] = VerdictsJson(grade.verdicts);
  json["usable"] = record.parts.usable;
  if (record.parts.usable) {
    json["reward"] = record.parts.reward;
    TEMPER_CHECK(record.parts.costs.size() == record.constraint_names.size(), "an audit record with ", record.parts.costs.size(),
                 " costs and ", record.constraint_names.size(), " constraint names");
    Json costs = Json::object();
    for (size_t k = 0; k < record.parts.costs.size(); ++k) costs[record.constraint_names[k]] = record.parts.costs[k];
    json["costs"] = costs;
  }
  json["advantage"] = record.advantage;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace temper
