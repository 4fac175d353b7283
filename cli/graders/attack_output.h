#pragma once

#include <string>
#include <vector>

#include "cli/graders/attack_tries.h"

namespace temper {

// What an attack found, with what it was of.
struct AttackReport {
  std::string model;    // "" = answers made elsewhere
  std::string prompts;  // the set, or the files
  std::string graded_by;
  int64_t k = 0;
  std::vector<AttackOutcome> outcomes;
  int64_t not_rewritten = 0;  // tries that are left out (DrawTries)
};

// For terminals: a table with a column a transform.
std::string AttackReportText(const AttackReport& report);
// As JSON, for programs.
std::string AttackReportJson(const AttackReport& report);

// A try as a line of JSONL, which `temper attack --answers` reads again.
std::string TryJson(const AttackTryRow& row);

}  // namespace temper
