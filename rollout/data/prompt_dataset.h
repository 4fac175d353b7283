#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "rollout/data/column_mapping.h"
#include "rollout/data/dataset_rows.h"
#include "rollout/data/prompt.h"

namespace temper {

struct DatasetOptions {
  std::string path;  // .jsonl (one object a line), .json (a list of objects, or one a line), .csv (RFC 4180) or .xlsx
  ColumnMapping columns = {};
  std::vector<std::string> keep_columns = {};   // kept in Prompt::columns, where a row has them
  int64_t bad_row_budget = 0;                   // this many malformed rows are skipped, logged and counted; one more is a ConfigError
  int64_t limit = 0;                            // 0 = all rows
  std::function<void(DatasetRow*)> adapt = {};  // rewrites each row before its columns are read, or rejects it with an error
  // The rows that a row of the file stands for, each with an id of its own; called behind `adapt`. None = the row itself.
  std::function<std::vector<DatasetRow>(const DatasetRow&)> expand = {};
  std::function<std::string(const Prompt&)> problem_of = {};  // why a prompt is of no use, "" where it is; its row counts as malformed
};

struct LoadedPrompts {
  std::vector<Prompt> prompts;
  std::map<std::string, std::string> unsafe_answers = {};  // prompt id -> an answer that must not be given, of the rows that have one
  int64_t bad_rows = 0;
  uint64_t digest = 0;  // of ids and texts, in order: a resumed run refuses another dataset
};
struct LoadedDemonstrations {
  std::vector<Demonstration> demonstrations;
  std::map<std::string, std::string> unsafe_answers = {};  // as in LoadedPrompts
  int64_t bad_rows = 0;
  uint64_t digest = 0;
};

// ConfigError with file:line and the reason: unreadable file, malformed row beyond the budget, missing column, duplicate id, no row at
// all, invalid UTF-8, a row over 16 MiB. A missing id column ("" or absent in the row) gives ids file-name:line.
LoadedPrompts LoadPrompts(const DatasetOptions& options);
// Of a demonstration only id, prompt, response, mode and harmful_response are read (and the split), and the category where a row has one.
// Intent and label mean nothing there.
LoadedDemonstrations LoadDemonstrations(const DatasetOptions& options);

}  // namespace temper
