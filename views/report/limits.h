#pragma once

#include <string>
#include <vector>

#include "views/report/report_data.h"

namespace temper {

// What the figures of a run do not show, from its own facts, a sentence or two each. They concern
// what graded it, seeds, prompts and where they come from, grades that failed, answers that were
// cut, and staleness. Never empty.
std::vector<std::string> LimitsOf(const Report& report);

// Those that hold for any run on this data: of the built-in world, or of one's own files, and what these name.
std::vector<std::string> DataLimits(const RunRecord& record);

// Whether the sets of a run are like what it was trained on.
std::string DistributionLimit(const Report& report);

}  // namespace temper
