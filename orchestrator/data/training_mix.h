#pragma once

#include <vector>

#include "orchestrator/config/experiment_config.h"
#include "orchestrator/data/data_files.h"
#include "orchestrator/data/data_store.h"
#include "rollout/data/prompt.h"

namespace temper {

// Throws ConfigError where the job would train on prompts of a published suite that is for evaluation alone
// (evaluation/suites/eval_only.h): in data.path where it has stage rl, in data.demonstrations where it has stage sft. `eval_sets` has the
// sets of data.suites, among others.
void CheckTrainingMix(const ExperimentConfig& config, const DataFiles& files, const std::vector<Prompt>& train,
                      const std::vector<Demonstration>& demonstrations, const std::vector<EvalSet>& eval_sets);

}  // namespace temper
