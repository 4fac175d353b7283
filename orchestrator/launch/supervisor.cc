#include "orchestrator/launch/supervisor.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include <unistd.h>

#include "cluster/base/error.h"
#include "cluster/host/host_name.h"
#include "cluster/host/owned_folder.h"
#include "cluster/host/program_path.h"
#include "cluster/host/stop_signals.h"
#include "orchestrator/config/role_layout.h"
#include "orchestrator/job/run_folder.h"
#include "orchestrator/job/start_checks.h"
#include "orchestrator/launch/hostfile.h"
#include "orchestrator/launch/mpirun.h"
#include "orchestrator/launch/restart_rule.h"
#include "orchestrator/launch/slurm_script.h"
#include "record/run_paths.h"

namespace temper {
namespace {

MpirunJob JobOf(const LaunchArguments& arguments, const LaunchConfig& launch, int ranks) {
  const TrainArguments& train = arguments.train;
  std::vector<std::string> program = {ProgramPath(), "train", train.config, "--resume", train.resume};
  program.insert(program.end(), train.overrides.begin(), train.overrides.end());
  return {.ranks = ranks,
          .program = program,
          .shared_memory_folder = "",
          .session_folder = "",
          .hosts = arguments.hosts,
          .hostfile = arguments.hostfile,
          .cpus_per_rank = launch.cpus_per_rank,
          .bind = arguments.hosts && launch.bind == CpuBinding::kCore};
}

// One run of the job, which leaves nothing in shared memory or the temporary folder of this host, however it ends.
int RunOnce(MpirunJob job, const std::string& weight_folder) {
  if (job.hosts) return RunMpirun(MpirunCommand(job));
  const std::string name = Concat("/temper-mpi-", getpid());
  const OwnedFolder shared_memory(weight_folder + name, "set cluster.weight_folder to a writable place");
  const OwnedFolder session(std::filesystem::temp_directory_path().string() + name, "set TMPDIR to a writable place");
  job.shared_memory_folder = shared_memory.path();
  job.session_folder = session.path();
  return RunMpirun(MpirunCommand(job));
}

// What would be started, and which rank is what where. `hosts` of the ranks, where a hostfile names them.
int DryRun(const LaunchArguments& arguments, const Experiment& experiment, const RoleLayout& layout, std::vector<std::string> hosts) {
  MpirunJob job = JobOf(arguments, experiment.base.launch, layout.num_ranks());
  if (!job.hosts) {
    job.shared_memory_folder = experiment.base.cluster.weight_folder;
    job.session_folder = std::filesystem::temp_directory_path();
    hosts.assign(static_cast<size_t>(layout.num_ranks()), LocalHostName());
  }
  std::printf("%s\n", ShellWords(MpirunCommand(job)).c_str());
  std::printf("%s", layout.Table(hosts).c_str());
  return kExitDone;
}

// Runs the job until the rule ends it.
int RunWithRestarts(LaunchArguments arguments, const Experiment& experiment, int ranks) {
  const ExperimentConfig& config = experiment.base;
  const RunPaths run = RunsPaths(config.run.dir).Run(config.run.name);
  RestartRule rule;
  for (int attempt = 1;; ++attempt) {
    const std::set<CheckpointMark> before = CheckpointsOf(experiment);
    const int code = RunOnce(JobOf(arguments, config.launch, ranks), config.cluster.weight_folder);
    const std::set<CheckpointMark> now = CheckpointsOf(experiment);
    const bool progress = !std::includes(before.begin(), before.end(), now.begin(), now.end());
    const AfterJob after = rule.After(code, StopRequested(), progress);
    if (after.next == AfterJob::Next::kEnd) return after.exit_code;
    if (after.next == AfterJob::Next::kGiveUp) {
      std::fprintf(stderr, "temper launch: gave up after %d restarts without a new checkpoint (last exit code %d); see %s\n",
                   rule.restarts_without_progress(), code, run.LatestLogs().c_str());
      return after.exit_code;
    }
    std::fprintf(stderr, "temper launch: the job ended with code %d, starting it again from the last checkpoint in %d s (restart %d)\n",
                 code, after.wait_s, attempt);
    sleep(static_cast<unsigned>(after.wait_s));
    if (StopRequested()) return kExitRetry;
    arguments.train.resume = "auto";  // the next run goes on with this one, however this one was started
  }
}

}  // namespace

std::set<CheckpointMark> CheckpointsOf(const Experiment& experiment) {
  const RunPaths run = RunsPaths(experiment.base.run.dir).Run(experiment.base.run.name);
  std::set<CheckpointMark> all = CheckpointMarks(run.Sft().Checkpoints());
  for (const Arm& arm : experiment.arms) {
    const ArmPaths paths = run.Arm(arm.name);
    all.merge(CheckpointMarks(paths.Checkpoints()));
    all.merge(CheckpointMarks(paths.Sft().Checkpoints()));
  }
  return all;
}

int SuperviseJob(const LaunchArguments& arguments) {
  const TrainArguments& train = arguments.train;
  const Experiment experiment = LoadExperiment(train.config, train.overrides);
  const ClusterConfig& cluster = experiment.base.cluster;
  const int ranks = train.ranks > 0 ? train.ranks : std::max(4, RoleLayout::RanksFor(cluster));
  const RoleLayout layout(cluster, ranks);
  std::vector<std::string> hosts;
  if (!arguments.hostfile.empty()) hosts = HostsByRank(ReadHostfile(arguments.hostfile), ranks, arguments.hostfile);
  CheckInputs(experiment, train.resume);
  CheckDevice(cluster, /*here=*/!arguments.hosts);
  if (train.dry_run) return DryRun(arguments, experiment, layout, hosts);
  CheckWeightFolder(cluster.weight_folder);
  PassStopSignalsOn();
  return RunWithRestarts(arguments, experiment, ranks);
}

}  // namespace temper
