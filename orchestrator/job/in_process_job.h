#pragma once

#include <string>

#include "orchestrator/config/experiment_config.h"
#include "orchestrator/job/job_run.h"

namespace temper {

// A whole job in this process and thread. The orchestrator, one learner, and the rollout and reward
// workers of the config (at least one of each) take turns. They do so within the orchestrator's
// wait for its bus. No MPI, no socket, no fork: for tests, and to step through in a debugger. The
// numbers are those of the same job on ranks, bit for bit, as long as nothing in it depends on time
// (rl.max_staleness 0). Nobody can join or observe such a job. `resume`: auto, never, or a
// checkpoint's folder. What is thrown ends the job; ConfigError when the config asks for several
// learners.
JobEnd RunInProcess(const Experiment& experiment, const std::string& resume);

}  // namespace temper
