#pragma once

#include <vector>

#include "orchestrator/data/data_store.h"

namespace temper {

// data.transforms: a share of the training prompts is rewritten in its place; of an evaluation set that an entry names, a rewritten one
// comes behind the others. What could not be rewritten is a remark of the store; its digest becomes that of what is trained on.
void ApplyTransforms(const ExperimentConfig& config, std::vector<Prompt>* train, std::vector<EvalSet>* eval_sets, DataStore* store);

}  // namespace temper
