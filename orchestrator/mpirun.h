#pragma once

#include <string>
#include <vector>

namespace temper {

// A job as `temper launch` starts it.
struct MpirunJob {
  int ranks = 0;
  std::vector<std::string> program;  // and its arguments
  std::string shared_memory_folder;  // for the segments of MPI's ranks, 4 MiB each
  std::string session_folder;        // for mpirun's own files
};

// The command line: ranks may be more than the cores and are not bound to any; a rank that hangs up is noticed within some ten seconds.
std::vector<std::string> MpirunCommand(const MpirunJob& job);

// From now on SIGINT, SIGTERM and SIGUSR1 do not end this process: the first one asks the job for a checkpoint and an end (SIGUSR1 to
// mpirun, which mpirun passes on), a later one ends it at once (SIGTERM).
void PassStopSignalsOn();
int NumStopSignals();  // so far

// Runs the command to its end with its output on this process's own (mpirun_output.h). Returns its exit code; a death by signal counts as
// kExitRetry. When this process dies, mpirun ends the job and leaves nothing behind.
int RunMpirun(const std::vector<std::string>& command);

}  // namespace temper
