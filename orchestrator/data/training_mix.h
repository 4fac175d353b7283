#pragma once

#include <vector>

#include "evaluation/suites/eval_only.h"
#include "orchestrator/config/experiment_config.h"
#include "orchestrator/data/data_files.h"
#include "rollout/data/prompt.h"

namespace temper {

// Throws ConfigError where the job would train on prompts of a published suite that is for evaluation alone (EvalOnlyProblem). Stage rl
// trains on data.path, stage sft on data.demonstrations or, without them, on data.path. `evaluated`: the suites of data.suites.
void CheckTrainingMix(const ExperimentConfig& config, const DataFiles& files, const std::vector<Prompt>& train,
                      const std::vector<Demonstration>& demonstrations, const std::vector<EvaluatedSuite>& evaluated);

}  // namespace temper
