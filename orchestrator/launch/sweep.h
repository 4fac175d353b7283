#pragma once

#include <string>
#include <utility>
#include <vector>

namespace temper {

// One of the runs that `seeds:` and `sweep:` of a config stand for.
struct SweepRun {
  std::string name;  // of its folder: seed_2, lr_1e-3-seed_2, or run_<index> where that is too long
  std::vector<std::pair<std::string, std::string>> settings;  // what sets it apart: dotted key -> value as YAML
  std::vector<std::string> overrides;                         // a.b=value: what makes the config this run
  std::string folder;                                         // <run.dir>/<run.name>/<name>
};

struct Sweep {
  std::string folder;          // <run.dir>/<run.name>, around those of the runs
  std::vector<SweepRun> runs;  // none: the config is a single run
};

inline constexpr size_t kMaxSweepRuns = 1000;

// The runs of a config: every point of sweep.grid (the last key varies fastest), then the entries
// of sweep.list, each with every seed. Loads all of them. Throws ConfigError with every mistake, at
// file:line of the sweep. Mistakes are settings that are wrong in any of the runs, two equal runs,
// a key that must not vary, and more than kMaxSweepRuns runs.
Sweep ExpandSweep(const std::string& path, const std::vector<std::string>& overrides);

// The run of that name or index (from 0). Throws ConfigError.
const SweepRun& FindRun(const Sweep& sweep, const std::string& member);

// Whether the run's folder says that it is done, with the settings that it has now.
bool IsFinished(const SweepRun& run, const std::string& path, const std::vector<std::string>& overrides);

}  // namespace temper
