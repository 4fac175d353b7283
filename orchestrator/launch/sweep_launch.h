#pragma once

#include <functional>

#include "orchestrator/launch/sweep.h"
#include "orchestrator/launch/train_arguments.h"

namespace temper {

// The arguments of the one run meant: --member of a config with seeds: or sweep:, or the config itself where it is a single run. Throws
// ConfigError when it is several.
TrainArguments OneRun(const TrainArguments& arguments);

// How the runs of a config are launched.
struct SweepLaunch {
  std::function<int(const TrainArguments&)> launch;            // one run; returns its exit code
  const char* outcome = "done";                                // what a run that was launched with code 0 is
  std::function<void(const Sweep&, bool stopped)> after = {};  // shows the runs of a sweep when they are over or were stopped
};

// Launches the run meant, or every run of the config one after the other: those that are finished are skipped, one that fails is told
// and the rest goes on. With dry_run lists them. Returns 0 when all are done, 85 when it was stopped, else the smallest code of those that
// failed. Throws ConfigError for what cannot be started.
int LaunchRuns(const TrainArguments& arguments, const SweepLaunch& how);

}  // namespace temper
