#pragma once

#include "cluster/collectives/process.h"
#include "cluster/host/spawner.h"
#include "orchestrator/config/experiment_config.h"
#include "orchestrator/config/role_layout.h"

namespace temper {

// The life of the ranks of `temper train` beside the orchestrator's (orchestrator_process.h), from MPI_Init to the end of the job. Each
// returns the process's exit code; what is thrown ends the job.

int RunLearner(const Experiment& experiment, const RoleLayout& layout, Process* process);

// Keeps a rollout or reward worker alive through `spawner`, which was made before MPI_Init.
int RunWorkerRank(const Experiment& experiment, const RoleLayout& layout, Role role, Process* process, Spawner* spawner);

}  // namespace temper
