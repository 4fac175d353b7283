#pragma once

#include <set>
#include <string>

#include "orchestrator/config/experiment_config.h"
#include "orchestrator/launch/train_arguments.h"
#include "record/checkpoint.h"

namespace temper {

struct LaunchArguments {
  TrainArguments train;
  bool hosts = false;    // on the hosts of `hostfile`, or of Slurm's allocation; else all ranks here
  std::string hostfile;  // "" = none
};

// The checkpoints of all stages of an experiment's run. A job that left one which was not there before has made progress.
std::set<CheckpointMark> CheckpointsOf(const Experiment& experiment);

// Starts mpirun with the config's ranks and, by the exit-code contract (restart_rule.h), starts it again from the last checkpoint. With
// train.dry_run prints what would be started. Passes stop signals on to the job. Returns the exit code to leave with. Throws ConfigError
// for what a start would refuse.
int SuperviseJob(const LaunchArguments& arguments);

}  // namespace temper
