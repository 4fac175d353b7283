#pragma once

#include <string>
#include <vector>

#include "views/trace/summary_data.h"

namespace temper {

// What a run's time says, in sentences that do not contradict each other. First comes who is slow
// among their like, then one sentence on learners and rollout workers together, then graders.
// On-policy the two take turns, so that both wait whatever their numbers are; with rl.max_staleness
// above 0 they work side by side, and who waits is short of the other.
std::vector<std::string> FindingsOf(const TraceSummary& summary);

}  // namespace temper
