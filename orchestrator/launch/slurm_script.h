#pragma once

#include <string>
#include <vector>

#include "orchestrator/config/launch_config.h"
#include "orchestrator/config/role_layout.h"

namespace temper {

// A job as `temper launch slurm` hands it to Slurm. All paths are absolute.
struct SlurmJob {
  std::string name;
  LaunchConfig launch;
  std::string program;                 // temper
  std::vector<std::string> arguments;  // of temper train: the config's path, overrides
  std::string resume_folder;           // checkpoint the first attempt starts from; "" = the run's newest
  std::string working_folder;          // what relative paths are taken from
  std::string run_folder;
};

// The sbatch script of a job. Its contract with Slurm: SIGUSR1 before the time limit (or SIGTERM)
// asks for a checkpoint. Exit code 85 puts the job back into the queue, and every start appends to
// one log. With launch.slurm.cpu_partition it is heterogeneous: orchestrator; learners and rollout
// workers; reward workers. Throws ConfigError when the ranks do not fit onto the nodes.
std::string RenderJobScript(const SlurmJob& job, const RoleLayout& layout);

// Workers that join the job running in job.run_folder, as a Slurm job of their own.
struct SlurmWorkers {
  int64_t rollout = 0;
  int64_t reward = 0;
  int64_t rollout_capacity = 1;
  int64_t reward_capacity = 1;
};
std::string RenderWorkersScript(const SlurmJob& job, const SlurmWorkers& workers);

// A word for a POSIX shell, in quotes where it needs them.
std::string ShellWord(const std::string& word);
std::string ShellWords(const std::vector<std::string>& words);

}  // namespace temper
