#pragma once

#include <string>

#include "cluster/process.h"
#include "cluster/spawner.h"
#include "orchestrator/experiment_config.h"
#include "orchestrator/role_layout.h"

namespace temper {

// The life of a rank of `temper train`, from MPI_Init to the end of the job, by its role. Each returns the process's exit code; what is
// thrown ends the job.

// `resume`: auto, never, or the run folder to go on with.
int RunOrchestrator(const Experiment& experiment, const RoleLayout& layout, const std::string& resume, Process* process);

int RunLearner(const Experiment& experiment, const RoleLayout& layout, Process* process);

// Keeps a rollout or reward worker alive through `spawner`, which was made before MPI_Init.
int RunWorkerRank(const Experiment& experiment, const RoleLayout& layout, Role role, Process* process, Spawner* spawner);

}  // namespace temper
