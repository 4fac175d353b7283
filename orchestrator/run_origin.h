#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace temper {

struct RunRecord;

// Where a run comes from, as its provenance.json says (orchestrator/provenance.h).
struct RunOrigin {
  std::string started, ended;                // UTC, of the first attempt and the last one; "" = not known, or not over
  std::map<std::string, std::string> facts;  // of the newest attempt: what -> value, such as "torch" -> "2.11.0", "source" -> "3a5f… clean"
  // Inputs of the run: name (data, policy_spec, base_model) -> files by name with their hashes, sorted.
  std::map<std::string, std::vector<std::pair<std::string, std::string>>> inputs;
};

// Never throws: of a file that is missing or damaged what can be read, or nothing. It is a record, no figure depends on it.
RunOrigin ReadOrigin(const std::string& run_folder);

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
