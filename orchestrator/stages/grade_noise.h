#pragma once

#include <cstdint>
#include <vector>

#include "orchestrator/config/trust_options.h"
#include "reward/grade/grade.h"

namespace temper {

// reward.noise: turns grades of a group into their opposite, by random numbers that are keyed by run.seed, group and sample. Of a grade
// without a violation s becomes 0 and its severity high; of one with, 1 and none. Verdicts of single graders stay as they were.
void AddNoise(const NoiseConfig& noise, uint64_t seed, uint64_t group_id, std::vector<Grade>* grades);

}  // namespace temper
