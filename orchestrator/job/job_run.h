#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "orchestrator/config/experiment_config.h"
#include "orchestrator/config/role_layout.h"
#include "orchestrator/flow/cluster_monitor.h"
#include "orchestrator/flow/job_bus.h"
#include "orchestrator/job/job.h"
#include "orchestrator/job/run_folder.h"

namespace temper {

// What running a job has in common whether its roles are processes (orchestrator_process.h) or share one (in_process_job.h).

// How a job ended. The folder is empty where none was opened.
struct JobEnd {
  int exit_code = 0;
  std::string run_folder = {};
  int64_t attempt = 0;
};

MonitorOptions MonitorOf(const Experiment& experiment, const JobIdentity& identity, const std::string& endpoint);

// Tells the user what starts where, and what was read and done before (Job::StartText). hosts: by rank.
void PrintStart(const Experiment& experiment, const RoleLayout& layout, const JobIdentity& identity, const std::vector<std::string>& hosts,
                Job* job);

// From the first worker's registration to the end of the last arm. Records the end and returns the exit code; an error is told to the run's
// status and thrown on.
int RunJob(const RoleLayout& layout, Job* job, JobBus* bus, ClusterMonitor* monitor);

// In shared memory, of the calling process: another name at each call, which nobody can have made there before.
std::string WeightFolderOf(const ClusterConfig& cluster);
// Versions of the weights that somebody may still ask for: on-policy the newest alone.
int64_t VersionsToKeep(const Experiment& experiment);

}  // namespace temper
