#include "views/audit/audit_view.h"

#include <algorithm>
#include <cmath>

#include "cluster/base/error.h"

namespace temper {
namespace {

bool HasGrader(const AuditRow& row, const std::string& wanted) {
  if (row.grader.find(wanted) != std::string::npos) return true;
  return std::any_of(row.verdicts.begin(), row.verdicts.end(),
                     [&](const Verdict& v) { return v.grader == wanted || v.id.find(wanted) != std::string::npos; });
}

double PullOf(const AuditRow& row) { return std::abs(row.advantage.value_or(0)); }

void AddTotals(const AuditRow& row, AuditAnswer* answer) {
  const bool graded = row.outcome == "ok";
  AuditTotal& total =
      answer->totals[{graded ? (row.clause.empty() ? "none" : row.clause) : "no grade", graded ? row.severity : row.outcome}];
  ++total.answers;
  total.reward += row.reward.value_or(0);
  total.advantage += row.advantage.value_or(0);
  total.pull += PullOf(row);
  if (row.verdicts.empty()) ++answer->graders[{"", row.grader}];
  for (const Verdict& verdict : row.verdicts) ++answer->graders[{verdict.grader, verdict.id}];
}

// Keeps the `shown` rows of the greatest pull, the earlier ones of equal pull.
void Keep(const AuditRow& row, size_t shown, std::vector<AuditRow>* rows) {
  const auto before = [](const AuditRow& a, const AuditRow& b) { return PullOf(a) > PullOf(b); };
  if (rows->size() == shown && (shown == 0 || !before(row, rows->back()))) return;
  rows->insert(std::upper_bound(rows->begin(), rows->end(), row, before), row);
  if (rows->size() > shown) rows->pop_back();
}

std::vector<std::pair<int64_t, int64_t>> StepsWithoutRows(const std::map<int64_t, double>& there, int64_t steps) {
  std::vector<std::pair<int64_t, int64_t>> stretches;
  int64_t next = 1;
  const auto until = [&](int64_t step) {
    if (next < step) stretches.emplace_back(next, step - 1);
    next = step + 1;
  };
  for (const auto& [step, pull] : there) until(step);
  until(std::max(next, steps + 1));
  return stretches;
}

}  // namespace

bool AuditQuery::Matches(const AuditRow& row) const {
  if (step && row.step != *step) return false;
  if (!clause.empty() && row.clause != clause) return false;
  if (!severity.empty() && row.severity != severity) return false;
  if (!mode.empty() && row.mode != mode) return false;
  if (!prompt.empty() && row.prompt_id != prompt) return false;
  return grader.empty() || HasGrader(row, grader);
}

std::string AuditQuery::Text() const {
  std::string text;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) text += Concat(text.empty() ? "" : ", ", name, " ", value);
  };
  add("step", step ? std::to_string(*step) : "");
  add("clause", clause);
  add("severity", severity);
  add("mode", mode);
  add("prompt", prompt);
  add("grader", grader);
  return text.empty() ? "all answers" : text;
}

AuditAnswer AskAudit(const std::string& path, const AuditQuery& query, size_t shown, int64_t steps_done) {
  AuditAnswer answer;
  answer.query = query;
  bool first = true;
  answer.reading = ReadAudit(path, [&](const AuditRow& row) {
    answer.first_step = first ? row.step : std::min(answer.first_step, row.step);
    answer.last_step = first ? row.step : std::max(answer.last_step, row.step);
    first = false;
    AddTotals(row, &answer);
    answer.pull_of_step[row.step] += PullOf(row);
    if (!query.Matches(row)) return;
    ++answer.matching;
    Keep(row, shown, &answer.rows);
  });
  answer.steps = std::max(steps_done, answer.pull_of_step.empty() ? 0 : answer.last_step);
  answer.without_rows = StepsWithoutRows(answer.pull_of_step, steps_done);
  return answer;
}

}  // namespace temper
