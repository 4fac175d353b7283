#pragma once

#include <span>
#include <string>
#include <string_view>

#include "rollout/data/dataset_rows.h"
#include "rollout/data/prompt_dataset.h"

namespace temper {

// A published set of prompts, read from the file its authors give out. It is an evaluation set of the suite's name (data.suites).
// One file a suite, and one line in suites.inc.
struct Suite {
  std::string_view name;
  std::string_view about;                    // what it asks, its source and its licence; one sentence each
  ColumnMapping columns;                     // after `adapt`
  void (*adapt)(DatasetRow* row) = nullptr;  // rewrites a row into what `columns` names, or rejects it; null = the file fits as it is
};

// In the order of their names.
std::span<const Suite* const> AllSuites();

// The suite of that name. ConfigError that lists the known ones where there is none.
const Suite& FindSuite(const std::string& name);

// Reads the suite's file. `limits` gives path, bad_row_budget, limit and problem_of; its columns are not used. Errors as LoadPrompts.
LoadedPrompts LoadSuite(const Suite& suite, const DatasetOptions& limits);

}  // namespace temper
