#pragma once

#include <string>

#include "cluster/bus/contact.h"
#include "cluster/collectives/process.h"
#include "orchestrator/config/experiment_config.h"

namespace temper {

// What rank 0 tells every rank at the start, over MPI.
struct StartMessage {
  std::string error;   // not empty: rank 0 could not start, everybody leaves
  BusContact contact;  // with a client's keys
  std::string logs;    // absolute folder of this attempt's logs

  std::string Encode() const;
  static StartMessage Decode(const std::string& bytes);
};

// Where the bus of a job on these hosts listens: as configured, or by `auto`. Throws ConfigError when a rank's host could not reach it.
std::string BusEndpointFor(const ClusterConfig& cluster, const Process& process);

// The folder rank 0 made is seen here as well, or an Error says that it must be.
void CheckSharedFolder(const std::string& folder, const std::string& host);

// "", or ", Slurm job 17, attempt 2" under Slurm, which counts how often it started the job anew.
std::string SlurmAttempt();

}  // namespace temper
