#pragma once

#include <string>
#include <vector>

namespace temper {

// A job as `temper launch` starts it.
struct MpirunJob {
  int ranks = 0;
  std::vector<std::string> program;  // and its arguments
  std::string shared_memory_folder;  // for the segments of MPI's ranks, 4 MiB each; "" = each rank's choice
  std::string session_folder;        // for mpirun's own files; "" = its choice
  bool hosts = false;                // on the hosts of `hostfile` or of Slurm's allocation, as many ranks on each as it has slots
  std::string hostfile;              // "" = none
  int64_t cpus_per_rank = 1;
  bool bind = false;  // each rank to its cores
};

// The command line: on one host ranks may be more than the cores; a rank that hangs up is noticed within some ten seconds.
std::vector<std::string> MpirunCommand(const MpirunJob& job);

// Runs the command to its end with its output on this process's own (mpirun_output.h). Returns its exit code; a death by signal counts as
// kExitRetry. When this process dies, mpirun ends the job and leaves nothing behind. Under PassStopSignalsOn (cluster/host/stop_signals.h)
// the first stop signal asks the job for a checkpoint and an end (SIGUSR1, which mpirun passes on), a later one ends it at once (SIGTERM).
int RunMpirun(const std::vector<std::string>& command);

}  // namespace temper
