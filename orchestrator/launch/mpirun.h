#pragma once

#include <functional>
#include <string>
#include <vector>

namespace temper {

// A job as `temper launch` starts it.
struct MpirunJob {
  int ranks = 0;
  std::vector<std::string> program;  // and its arguments
  std::string shared_memory_folder;  // for the segments of MPI's ranks, 4 MiB each; "" = each rank's choice
  std::string session_folder;        // for mpirun's own files; "" = its choice
  bool hosts = false;                // on `host_list`, those of `hostfile` or Slurm's allocation, as many ranks on each as it has slots
  std::string host_list;             // HostsArgument (hostfile.h); "" = none
  std::string hostfile;              // in place of the list, where hosts have users; "" = none
  int64_t cpus_per_rank = 1;
  bool bind = false;  // each rank to its cores
};

// The command line: on one host ranks may be more than the cores; a rank that hangs up is noticed within some ten seconds.
std::vector<std::string> MpirunCommand(const MpirunJob& job);

// Runs the command to its end with its output on this process's own (output_relay.h). Returns its exit code; a death by signal counts as
// kExitRetry, after a wish to stop as kExitPreempted. When this process dies, mpirun ends the job and leaves nothing behind.
//
// Under NoteStopSignals (cluster/host/stop_signals.h) a wish to stop asks the job for a checkpoint
// and an end (SIGUSR1, which mpirun passes on). It does so as soon as `job_listens` says that every
// rank has come to its signal handling. Before, the signal would kill a rank that still loads its
// libraries, or be lost. A job that ends before, wished to stop, counts as kExitPreempted: its
// ranks got the signal, too. A wish for the end at once ends mpirun and its ranks. A SIGTERM or
// SIGHUP to mpirun itself, which would end the ranks without a checkpoint, becomes a wish to stop;
// so does a reader of the output that has left.
int RunMpirun(const std::vector<std::string>& command, const std::function<bool()>& job_listens);

}  // namespace temper
