#pragma once

#include <chrono>
#include <string>

#include "cluster/bus/contact.h"
#include "cluster/collectives/process.h"
#include "orchestrator/config/experiment_config.h"
#include "orchestrator/config/role_layout.h"

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

// The log of this rank in the folder that rank 0 made for the attempt. Throws Error when the folder is not seen on this rank's host.
void OpenRoleLog(const StartMessage& start, Role role, const Process& process);

// Waits until every rank has learned of a failed start: if the job were taken down before, the launcher's noise would bury the message.
void LeaveAfterFailedStart(Process* process);

inline std::chrono::milliseconds Milliseconds(double seconds) { return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000)); }

// "", or ", Slurm job 17, attempt 2" under Slurm, which counts how often it started the job again.
std::string SlurmAttempt();

}  // namespace temper
