#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reward/compose/composer.h"
#include "reward/grade/grade.h"

namespace temper {

// Why one completion was worth what it was, and which step used it: one line of the audit trail.
struct AuditRecord {
  int64_t step = 0;    // that used it, from 1: the update that makes weights/step_N
  uint64_t group = 0;  // id of its prompt group
  std::string prompt_id;
  int64_t sample = 0;  // index within the group
  std::string category;
  std::string label;                          // comply | refuse | "": of the row
  Grade grade;                                // without its evidence
  RewardParts parts;                          // as composed
  std::vector<std::string> constraint_names;  // of parts.costs
  double advantage = 0;
};

// One line of JSON without a line end. It names step, group, prompt_id, sample, label (where there
// is one), category, clause, severity, grader and outcome. Its values are safety, h_direct,
// h_indirect, mode, usable, reward, costs {name: cost} and advantage. A failed grade has its error
// and no values. Where there are several graders, graders {name: {id, values by part, monitor}}.
std::string AuditRecordToJson(const AuditRecord& record);

}  // namespace temper
