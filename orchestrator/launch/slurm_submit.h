#pragma once

#include <string>

#include "orchestrator/launch/train_arguments.h"

namespace temper {

struct SlurmArguments {
  TrainArguments train;
  bool workers_only = false;
  std::string connect;  // with workers_only: the run folder of the job they join
};

// Renders an sbatch script of the job, or of workers that join one, and submits it; with train.dry_run prints it. Returns kExitDone.
// Throws ConfigError for what Slurm or a start of the job would refuse.
int SubmitToSlurm(const SlurmArguments& arguments);

}  // namespace temper
