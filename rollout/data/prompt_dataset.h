#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "rollout/data/column_mapping.h"
#include "rollout/data/dataset_rows.h"
#include "rollout/data/prompt.h"

namespace temper {

struct DatasetOptions {
  std::string path;  // .jsonl (one object a line), .json (a list of objects, or one a line) or .csv (RFC 4180)
  ColumnMapping columns = {};
  int64_t bad_row_budget = 0;                   // this many malformed rows are skipped, logged and counted; one more is a ConfigError
  int64_t limit = 0;                            // 0 = all rows
  std::function<void(DatasetRow*)> adapt = {};  // rewrites each row before its columns are read, or rejects it with an error
  std::function<std::string(const Prompt&)> problem_of = {};  // why a prompt is of no use, "" where it is; its row counts as malformed
};

struct LoadedPrompts {
  std::vector<Prompt> prompts;
  int64_t bad_rows = 0;
  uint64_t digest = 0;  // of ids and texts, in order: a resumed run refuses another dataset
};
struct LoadedDemonstrations {
  std::vector<Demonstration> demonstrations;
  int64_t bad_rows = 0;
  uint64_t digest = 0;
};

// ConfigError with file:line and the reason: unreadable file, malformed row beyond the budget, missing column, duplicate id, no row at
// all, invalid UTF-8, a row over 16 MiB. A missing id column ("" or absent in the row) gives ids file-name:line.
LoadedPrompts LoadPrompts(const DatasetOptions& options);
// Of a demonstration only id, prompt and response are read (and the split): category, intent and label mean nothing there.
LoadedDemonstrations LoadDemonstrations(const DatasetOptions& options);

// An endless, deterministic order over `size` items: epoch e is a permutation keyed by (seed, e). Resumable: `position` is the whole state.
class DataOrder {
 public:
  DataOrder(uint64_t seed, std::string purpose, int64_t size, bool shuffle = true);
  int64_t Next();  // index of the next item
  int64_t position() const { return position_; }
  void Seek(int64_t position);

 private:
  void FillEpoch();
  uint64_t seed_;
  std::string purpose_;
  int64_t size_;
  bool shuffle_;
  int64_t position_ = 0;
  int64_t epoch_ = -1;
  std::vector<int64_t> order_;
};

// Like DataOrder but every run of `strata.size()` draws takes one item of each stratum in turn (e.g. equal thirds by intent).
class StratifiedOrder {
 public:
  StratifiedOrder(uint64_t seed, const std::string& purpose, std::vector<std::vector<int64_t>> strata);
  int64_t Next();
  int64_t position() const { return position_; }
  void Seek(int64_t position);

 private:
  std::vector<std::vector<int64_t>> strata_;
  std::vector<DataOrder> orders_;
  int64_t position_ = 0;
};

}  // namespace temper
