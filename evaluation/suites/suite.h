#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "evaluation/suites/refusal_words.h"
#include "evaluation/suites/suite_answer.h"
#include "rollout/data/dataset_rows.h"
#include "rollout/data/prompt_dataset.h"

namespace temper {

// A published set of prompts, read from the file its authors give out. It is an evaluation set of the suite's name (data.suites), and what
// `temper eval --suite` measures answers by. One file a suite, and one line in suites.inc.
struct Suite {
  std::string_view name;
  std::string_view about;    // what it asks and its source; one sentence each
  std::string_view licence;  // of the prompts
  std::string_view format;   // the files and columns that are read, for help and documents
  // Why nothing may be trained on its prompts, a clause; "" = its licence and its use leave that open.
  std::string_view eval_only = "";
  ColumnMapping columns;  // after `adapt`
  // Rewrites a row into what `columns` names, or rejects it; null = the file fits as it is. `stem`: the file's name without its ending, in
  // small letters, since some suites say with it what a column does not.
  void (*adapt)(DatasetRow* row, const std::string& stem) = nullptr;
  // The rows that one stands for, where it holds several prompts: of `prompt`, `intent` and an id "<row>/<which>". Null = the row alone.
  std::vector<DatasetRow> (*expand)(const DatasetRow& row, const std::string& stem) = nullptr;
  std::vector<std::string> fields = {};  // columns that figures are told apart by; missing ones are empty
  std::vector<SuiteRate> rates = {};     // its own metric, as far as it is shares of answers
  SuiteMetric more = nullptr;            // what is no plain share
  // The words that its authors (or others for such prompts) call a refusal; null = none are used.
  const RefusalWords* words = nullptr;
  // What is right on prompts that should not be complied with: the y axis of the plane of over-refusal and safety.
  AnswerEvent right_where_asked_wrong = AnswerEvent::kSafe;
  std::string_view judge_note = "";  // whom the authors had judge, and what it means for figures of other judges; sentences
  // Names that together mark a file as this suite's; a training file with these columns is refused where eval_only. Empty = none do.
  std::vector<std::string> marks = {};
  // Whether a prompt is the suite's own and not one of another suite; null = all are. By its `fields`.
  bool (*is_its_own)(const Prompt& prompt) = nullptr;
  // The smallest hashes of its own prompts (SuiteSketch), in rising order; empty = the file was not at hand.
  std::span<const uint64_t> sketch = {};
};

// In the order of their names.
std::span<const Suite* const> AllSuites();

// The suite of that name. ConfigError that lists the known ones where there is none.
const Suite& FindSuite(const std::string& name);

// Reads a file of the suite. `limits` gives path, keep_columns, bad_row_budget, limit and problem_of; its columns are not used. Errors as
// LoadPrompts.
LoadedPrompts LoadSuite(const Suite& suite, const DatasetOptions& limits);

// All files of the suite, with its `fields` in Prompt::columns, and the same errors; also where two rows have one id.
std::vector<Prompt> ReadSuite(const Suite& suite, const std::vector<std::string>& paths);

}  // namespace temper
