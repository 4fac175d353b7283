#pragma once

#include <vector>

#include "orchestrator/flow/pipeline.h"

namespace temper {

// What happens to a group of an experiment: rollout workers sample its completions, reward workers grade them.
std::vector<PipelineStep> SampleAndGrade();

}  // namespace temper
