#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "reward/grade/grade.h"

namespace temper {

// A line of audit.jsonl as it is read. Texts are "" and numbers absent where the line does not have them, as of a grade that failed.
struct AuditRow {
  int64_t line = 0;  // 1-based
  int64_t step = 0;  // from 1
  uint64_t group = 0;
  std::string prompt_id, category, label, grader, outcome, clause, severity, mode;
  int64_t sample = 0;
  std::optional<double> safety, reward, advantage;
  std::vector<Verdict> verdicts;  // empty where there was one grader
  std::string link;               // of the chain, as it stands in the line
};

// What is wrong with a file's chain, as far as it was read.
struct AuditReading {
  int64_t rows = 0;
  int64_t num_problems = 0;           // lines that are no row, or whose link does not hold
  std::vector<std::string> problems;  // the first of them, as file:line: what
  std::string link;                   // of the last line
};

// Calls `take` for each row in order, up to `max_rows`. A last line without its end is left out: the run goes on. Throws Error where the
// file cannot be read.
AuditReading ReadAudit(const std::string& path, const std::function<void(const AuditRow&)>& take,
                       int64_t max_rows = std::numeric_limits<int64_t>::max());

}  // namespace temper
