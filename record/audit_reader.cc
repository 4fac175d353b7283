#include "record/audit_reader.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/json_fields.h"
#include "cluster/base/odd_file.h"
#include "record/audit_chain.h"

namespace temper {
namespace {

constexpr size_t kMaxShown = 10;
constexpr size_t kMaxLineBytes = 4 << 20;

Verdict VerdictOf(const std::string& grader, const nlohmann::json& entry) {
  Verdict verdict;
  verdict.grader = grader;
  verdict.id = TextField(entry, "id");
  verdict.steers = !entry.value("monitor", false);
  verdict.outcome = ValueOf<GradeOutcome>(TextField(entry, "outcome")).value_or(GradeOutcome::kOk);
  verdict.error = TextField(entry, "error");
  for (const auto& [part, word] : EnumNames<GradePart>::kTable)
    if (const auto value = NumberField(entry, std::string(word).c_str())) verdict.values[std::string(word)] = *value;
  return verdict;
}

std::optional<AuditRow> RowOf(const std::string& line, int64_t number) {
  const nlohmann::json object = nlohmann::json::parse(line, nullptr, false);
  if (!object.is_object() || !object.contains("step") || !object["step"].is_number_integer()) return std::nullopt;
  AuditRow row;
  row.line = number;
  row.step = object["step"].get<int64_t>();
  if (const auto group = object.find("group"); group != object.end() && group->is_number_unsigned()) row.group = group->get<uint64_t>();
  row.prompt_id = TextField(object, "prompt_id");
  row.category = TextField(object, "category");
  row.label = TextField(object, "label");
  row.grader = TextField(object, "grader");
  row.outcome = TextField(object, "outcome");
  row.clause = TextField(object, "clause");
  row.severity = TextField(object, "severity");
  row.mode = TextField(object, "mode");
  row.sample = static_cast<int64_t>(NumberField(object, "sample").value_or(0));
  row.safety = NumberField(object, "safety");
  row.reward = NumberField(object, "reward");
  row.advantage = NumberField(object, "advantage");
  const auto graders = object.find("graders");
  if (graders == object.end() || !graders->is_object()) return row;
  for (const auto& [name, entry] : graders->items())
    if (entry.is_object()) row.verdicts.push_back(VerdictOf(name, entry));
  return row;
}

}  // namespace

AuditReading ReadAudit(const std::string& path, const std::function<void(const AuditRow&)>& take, int64_t max_rows) {
  const std::string odd = OddFile(path);
  TEMPER_CHECK(odd.empty(), path, ": cannot read the audit trail: ", odd);
  std::ifstream in(path, std::ios::binary);
  TEMPER_CHECK(in.good(), path, ": cannot read the audit trail: ", std::strerror(errno));
  AuditReading reading;
  AuditChain chain;
  int64_t number = 0;
  for (std::string line; reading.rows < max_rows && std::getline(in, line) && !in.eof();) {
    ++number;
    std::string problem;
    std::optional<AuditRow> row = line.size() <= kMaxLineBytes ? RowOf(line, number) : std::nullopt;
    if (!row) problem = "the line is no record of an answer";
    std::string broken;
    if (!chain.Check(line, &broken) && problem.empty()) problem = broken;
    if (!problem.empty() && ++reading.num_problems <= static_cast<int64_t>(kMaxShown))
      reading.problems.push_back(Concat(path, ":", number, ": ", problem));
    if (!row) continue;
    ++reading.rows;
    row->link = chain.link();
    take(*row);
  }
  reading.link = chain.link();
  return reading;
}

}  // namespace temper
