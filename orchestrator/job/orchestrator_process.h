#pragma once

#include <string>

#include "cluster/collectives/process.h"
#include "orchestrator/config/experiment_config.h"
#include "orchestrator/config/role_layout.h"
#include "orchestrator/job/job_run.h"

namespace temper {

// The life of rank 0, from MPI_Init to the end of the job; what is thrown ends the job. `resume`: auto, never, or the folder of a
// checkpoint to go on from. With exit code 0 the run's record is complete, and all ranks have left the job.
JobEnd RunOrchestrator(const Experiment& experiment, const RoleLayout& layout, const std::string& resume, Process* process);

}  // namespace temper
