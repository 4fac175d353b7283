#pragma once

#include "orchestrator/config/experiment_config.h"

namespace temper {

// The options of a room with what it takes from the settings of others. A config alone holds what its file says.

// rl, with how its completions are sampled: rollout.temperature, completions of a step, rollout.max_new_tokens.
RlOptions LossOf(const ExperimentConfig& config);

// learner, with cluster.learner_threads, policy.dtype and the adapters of LoraOf. learners_here: learners of this host, which share its
// cores.
LearnerOptions LearnerOptionsOf(const ExperimentConfig& config, int64_t learners_here);

// Whether anything is made of answers that must not be given (data.columns.harmful_response).
bool NeedsUnsafeAnswers(const ExperimentConfig& config);

// Whether rollouts are drawn while the learners compute.
bool Overlaps(const ExperimentConfig& config);

// policy.lora and data.world, keyed by run.seed.
LoraOptions LoraOf(const ExperimentConfig& config);
WorldOptions WorldOf(const ExperimentConfig& config);

}  // namespace temper
