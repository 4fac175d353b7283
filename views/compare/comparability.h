#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "record/run_record.h"

namespace temper {

// Something in which the origins of runs differ: every value with the runs (by index) that have it. Value "" = not recorded.
struct DifferingOrigin {
  std::string what;
  std::vector<std::pair<std::string, std::vector<size_t>>> values;  // in order of appearance
};
// The facts and inputs in which the runs differ, by name. An input's value is the number of its files and a hash over all of them.
std::vector<DifferingOrigin> DifferingOrigins(const std::vector<RunRecord>& records);

// Why figures of these runs are not comparable, a sentence each: they were graded by policy specs of other content, or saw other data. Runs
// of the built-in world under different seeds are left out of the second: each seed draws a world of its own, as it is meant to.
std::vector<std::string> ComparabilityWarnings(const std::vector<RunRecord>& records);

}  // namespace temper
