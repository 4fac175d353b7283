#pragma once

#include <map>
#include <string>
#include <vector>

#include "orchestrator/job_bus.h"
#include "reward/reward_composer.h"

namespace temper {

// One group after composing.
struct ScoredGroup {
  GradedGroup graded;
  std::vector<RewardParts> parts;
  bool dead = false;
};

// reward/*, safety/*, response/*, grader/*, off_policy/* of the groups of one step (all that were sampled for it, the dead and the
// replaced ones included: an unbiased sample of the prompts).
std::map<std::string, double> SummarizeGroups(const std::vector<const ScoredGroup*>& groups, int64_t step);

// Text of traces/step_<N>.jsonl: prompt, responses, grades and rewards of the first `count` groups.
std::string TraceLines(const std::vector<const ScoredGroup*>& groups, int64_t step, int64_t count);

}  // namespace temper
