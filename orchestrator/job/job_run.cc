#include "orchestrator/job/job_run.h"

#include <algorithm>
#include <cstdio>

#include <unistd.h>

#include "cluster/base/error.h"
#include "cluster/base/log.h"
#include "cluster/base/printable.h"
#include "cluster/base/random_id.h"
#include "cluster/collectives/versions.h"
#include "cluster/host/host_name.h"
#include "orchestrator/job/job_start.h"
#include "policy/kernels/torch_version.h"
#include "record/provenance.h"

namespace temper {

MonitorOptions MonitorOf(const Experiment& experiment, const JobIdentity& identity, const std::string& endpoint) {
  MonitorOptions options;
  options.run_folder = identity.run_folder;
  options.cluster_log_s = experiment.base.monitor.cluster_log_s;
  options.limit_mib = experiment.base.monitor.cluster_log_mib;
  JobStatus& status = options.identity;
  status.run = experiment.base.run.name;
  status.host = LocalHostName();
  status.endpoint = endpoint;
  status.attempt = static_cast<int64_t>(identity.epoch);
  status.versions = {{"temper", TemperVersion()}, {"torch", TorchVersion()}, {"nccl", NcclVersionText()}};
  return options;
}

void PrintStart(const Experiment& experiment, const RoleLayout& layout, const JobIdentity& identity, const std::vector<std::string>& hosts,
                Job* job) {
  std::printf("temper: %s, attempt %llu%s, %d ranks, run folder %s\n", experiment.base.run.name.c_str(),
              static_cast<unsigned long long>(identity.epoch), SlurmAttempt().c_str(), layout.num_ranks(), identity.run_folder.c_str());
  std::printf("%s%s", layout.Table(hosts).c_str(), job->StartText().c_str());
  std::fflush(stdout);
}

namespace {

int RunToTheEnd(const RoleLayout& layout, Job* job, JobBus* bus, ClusterMonitor* monitor) {
  try {
    bus->AwaitWorkers(layout.num_rollout_workers(), layout.num_reward_workers());
    job->Run(bus);
    monitor->Finish("done", "");
    return kExitDone;
  } catch (const ExitRequest& request) {
    std::fprintf(stderr, "temper: %s\n", PrintableText(request.what()).c_str());
    LogFileLine(LogLevel::kWarn, Concat(request.what(), ", exiting rc=", request.exit_code()));
    monitor->Finish(request.exit_code() == kExitPreempted ? "preempted" : "unhealthy", request.what());
    return request.exit_code();
  } catch (const std::exception& error) {
    monitor->Finish("failed", error.what());
    throw;
  }
}

}  // namespace

int RunJob(const RoleLayout& layout, Job* job, JobBus* bus, ClusterMonitor* monitor) {
  const int exit_code = RunToTheEnd(layout, job, bus, monitor);
  RecordEnd(job->run_folder(), exit_code);
  std::fflush(stdout);
  return exit_code;
}

std::string WeightFolderOf(const ClusterConfig& cluster) { return Concat(cluster.weight_folder, "/temper-", RandomId(), "-", getpid()); }

int64_t VersionsToKeep(const Experiment& experiment) {
  int64_t staleness = 0;
  for (const Arm& arm : experiment.arms) staleness = std::max(staleness, arm.config.rl.max_staleness);
  return staleness == 0 ? 1 : staleness + 2;
}

}  // namespace temper
