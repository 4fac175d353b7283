#pragma once

#include <cstdint>
#include <vector>

#include "orchestrator/stages/stage.h"

namespace temper {

// Answers every prompt of the set once for each of eval.samples_per_prompt from each marked token
// (policy.mode_tokens), from one pass over the prompt. Then it works out what every threshold of
// the first token gives (evaluation/gate_sweep.h), writes it for each output and prints it. Throws
// as DrawGroups.
void SweepFirstToken(const StageContext& context, const WeightRef& weights, const EvalSet& set, const std::vector<EvalOutput>& outputs,
                     int64_t before);

}  // namespace temper
