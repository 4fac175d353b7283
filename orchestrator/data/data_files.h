#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "orchestrator/config/experiment_config.h"
#include "rollout/data/column_mapping.h"

namespace temper {

// An evaluation set and the file its prompts are in.
struct EvalFile {
  std::string set;
  std::string path;
  bool by_default = true;  // evaluated where eval.sets names none
};

// The files an arm reads its data from: the user's own, or the built-in world's.
struct DataFiles {
  std::string prompts;
  std::string demonstrations;    // "" = none: written from the policy spec's templates
  std::string held_out_answers;  // "" = none
  std::string tokenizer_folder;  // of tokenizer.json, for a policy from scratch; "" = the byte-level one
  std::vector<EvalFile> eval;    // none = `eval_fraction` of the prompts is held out
  std::vector<EvalFile> suites;  // published sets, by the suite's name
  double eval_fraction = 0;
  ColumnMapping columns;
  int64_t bad_row_budget = 0;
  int64_t limit = 0;                // rows; 0 = all
  std::vector<std::string> inputs;  // files and folders that the data is made from, for the record of the run
};

// The files of the config. Those of data.source world are written into the folder `run_folder`/data first, where they are not there yet;
// for files the folder plays no part. Throws Error when they cannot be written.
DataFiles EnsureWorld(const ExperimentConfig& config, const std::string& run_folder);

}  // namespace temper
