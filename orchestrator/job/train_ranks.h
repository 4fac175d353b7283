#pragma once

#include <string>

#include "cluster/collectives/process.h"
#include "cluster/host/spawner.h"
#include "orchestrator/config/experiment_config.h"
#include "orchestrator/config/role_layout.h"

namespace temper {

// The life of a rank of `temper train`, from MPI_Init to the end of the job, by its role. Each returns the process's exit code; what is
// thrown ends the job.

// How a job ended. The folder is empty where none was opened.
struct JobEnd {
  int exit_code = 0;
  std::string run_folder = {};
  int64_t attempt = 0;
};

// `resume`: auto, never, or the run folder to go on with. With exit code 0 the run's record is complete, and all ranks have left the job.
JobEnd RunOrchestrator(const Experiment& experiment, const RoleLayout& layout, const std::string& resume, Process* process);

int RunLearner(const Experiment& experiment, const RoleLayout& layout, Process* process);

// Keeps a rollout or reward worker alive through `spawner`, which was made before MPI_Init.
int RunWorkerRank(const Experiment& experiment, const RoleLayout& layout, Role role, Process* process, Spawner* spawner);

}  // namespace temper
