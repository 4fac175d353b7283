#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "orchestrator/config/experiment_config.h"
#include "orchestrator/data/eval_set.h"

namespace temper {

// data.transforms: a share of the training prompts is rewritten in its place; of an evaluation set that an entry names, a rewritten one
// comes behind the others. The log counts what was rewritten, *remarks grows by what could not be, a clause each. *digest, of the training
// prompts as they were read, becomes that of what is trained on.
void ApplyTransforms(const ExperimentConfig& config, std::vector<Prompt>* train, std::vector<EvalSet>* eval_sets, uint64_t* digest,
                     std::vector<std::string>* remarks);

}  // namespace temper
