#pragma once

#include <string>

#include "cluster/config/resolved.h"
#include "orchestrator/config/experiment_config.h"
#include "orchestrator/data/data_store.h"
#include "orchestrator/flow/job_bus.h"
#include "record/run_paths.h"

namespace temper {

struct JobMetrics;

// What every stage of an arm works with; all borrowed.
struct StageContext {
  const ExperimentConfig* config = nullptr;
  const DataStore* data = nullptr;
  JobBus* bus = nullptr;
  ClusterMonitor* monitor = nullptr;
  int num_learners = 1;
  std::string label;                         // what progress lines call it, e.g. "rl safe_completion"
  std::string arm;                           // the arm's name; "sft" for what arms share
  const ResolvedConfig* resolved = nullptr;  // what `config` was read from
  JobMetrics* metrics = nullptr;
  std::string tensorboard_folder;
  StagePaths paths;           // the stage's own
  std::string resume_folder;  // --resume DIR: this checkpoint instead of the newest; "" = newest
};

}  // namespace temper
