#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "record/audit_reader.h"

namespace temper {

// Which answers a question is about; what is not set leaves nothing out.
struct AuditQuery {
  std::optional<int64_t> step = {};
  std::string clause = {}, severity = {}, mode = {}, prompt = {},
              grader = {};  // grader: a name in reward.graders, or a part of the grader's id

  bool Matches(const AuditRow& row) const;
  // "clause recipe, step 12"; "all answers" where nothing is set.
  std::string Text() const;
};

// Answers that share a clause and its severity.
struct AuditTotal {
  int64_t answers = 0;
  double reward = 0;  // sums over them
  double advantage = 0;
  double pull = 0;  // sum of |advantage|
};

struct AuditAnswer {
  AuditQuery query;
  AuditReading reading;
  int64_t first_step = 0, last_step = 0, matching = 0;
  int64_t steps = 0;  // of the arm, by its metrics and its trail: 1 to steps
  std::map<std::pair<std::string, std::string>, AuditTotal>
      totals;  // of all answers, by clause ("none") and severity; of failed grades by outcome
  std::map<std::pair<std::string, std::string>, int64_t> graders;  // name and id -> answers
  std::map<int64_t, double> pull_of_step;                          // sum of |advantage| over all answers of the step
  std::vector<std::pair<int64_t, int64_t>> without_rows;           // steps of which there is no row, as first and last of a stretch
  std::vector<AuditRow> rows;                                      // the matching ones that moved their step most, most first
};

// Reads a trail and answers the question with at most `shown` rows. An answer moves a step by its advantage: its share is |advantage| over
// the sum of all of the step, before clipping and before the lengths of answers count. `steps_done`: of the arm, as its metrics have them;
// a step from 1 to there, or to the last one of the trail, is looked for. Throws as ReadAudit.
AuditAnswer AskAudit(const std::string& path, const AuditQuery& query, size_t shown, int64_t steps_done = 0);

// The answer for a terminal, and as a page of its own. `title`: of the run and arm.
std::string AuditText(const AuditAnswer& answer, const std::string& title);
std::string AuditHtml(const std::vector<std::pair<std::string, AuditAnswer>>& arms, const std::string& title);

}  // namespace temper
