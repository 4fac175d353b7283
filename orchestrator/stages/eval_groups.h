#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "evaluation/eval_sample.h"
#include "orchestrator/data/data_store.h"
#include "orchestrator/flow/group.h"
#include "orchestrator/flow/job_bus.h"
#include "orchestrator/stages/stage_context.h"

namespace temper {

// What a set's answers are drawn for: an evaluation of its own, which a stop signal ends, or one between two steps of training.
enum class EvalMoment { kAlone, kBetweenSteps };

// The answers to prompt `index` of the set, to be drawn as the settings of evaluation say. Its group id is the index. Borrows the set.
GroupSpec EvalGroup(const StageContext& context, const WeightRef& weights, const EvalSet& set, size_t index);

// Samples and grades the groups, whose ids are their places, and gives them in that order. `set`: what they are called; `before`: prompts
// of the sets before this one. Throws Error when no group becomes complete for cluster.step_timeout_s, ExitRequest 85 after a stop signal.
std::vector<GradedGroup> DrawGroups(const StageContext& context, const std::string& set, const std::vector<GroupSpec>& specs,
                                    EvalMoment moment, int64_t before);

// The answers of all groups, in their order.
std::vector<EvalSample> SamplesOf(const std::vector<GradedGroup>& groups);

}  // namespace temper
