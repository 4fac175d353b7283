#include "orchestrator/launch/supervisor.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include <unistd.h>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/host/host_name.h"
#include "cluster/host/limits.h"
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

namespace fs = std::filesystem;

constexpr useconds_t kLookMicroseconds = 50'000;

// Where mpirun starts the ranks: one of the two, or neither.
struct MpirunHosts {
  std::string list, file;
};

MpirunJob JobOf(const LaunchArguments& arguments, const MpirunHosts& where, const LaunchConfig& launch, int ranks) {
  const TrainArguments& train = arguments.train;
  std::vector<std::string> program = {ProgramPath(), "train", train.config, "--resume", train.resume};
  program.insert(program.end(), train.overrides.begin(), train.overrides.end());
  return {.ranks = ranks,
          .program = program,
          .shared_memory_folder = "",
          .session_folder = "",
          .hosts = arguments.hosts,
          .host_list = where.list,
          .hostfile = where.file,
          .cpus_per_rank = launch.cpus_per_rank,
          .bind = arguments.hosts && launch.bind == CpuBinding::kCore};
}

// Whether the job that is started now has come to its run folder: rank 0 writes the epoch after MPI_Init, which no rank leaves before all
// have come to it, and each handles signals before.
std::function<bool()> ListensAfter(const std::string& epoch) {
  const auto time_of = [epoch] {
    std::error_code none;
    const fs::file_time_type time = fs::last_write_time(epoch, none);
    return none ? std::optional<fs::file_time_type>() : time;
  };
  return [time_of, before = time_of()] {
    const auto now = time_of();
    return now && now != before;
  };
}

// False when a wish to stop cut the wait short.
bool WaitFor(int seconds) {
  for (const double end = NowSeconds() + seconds; NowSeconds() < end; usleep(kLookMicroseconds)) {
    if (StopRequested()) return false;
  }
  return !StopRequested();
}

// Where mpirun keeps its files on this host.
std::string TemporaryFolder() {
  std::error_code failed;
  const std::string folder = fs::temp_directory_path(failed);
  if (!failed && access(folder.c_str(), W_OK | X_OK) != 0) failed = std::error_code(errno, std::generic_category());
  if (!failed) return folder;
  const char* given = std::getenv("TMPDIR");
  throw ConfigError(Concat("TMPDIR: cannot write in ", given == nullptr ? "/tmp" : given, ": ", failed.message(), "; name another folder"));
}

// One run of the job, which leaves nothing in shared memory or the temporary folder of this host, however it ends.
int RunOnce(MpirunJob job, const ExperimentConfig& config) {
  const auto listens = ListensAfter(RunsPaths(config.run.dir).Run(config.run.name).Epoch());
  if (job.hosts) return RunMpirun(MpirunCommand(job), listens);
  const std::string name = Concat("/temper-mpi-", getpid());
  const OwnedFolder shared_memory(config.cluster.weight_folder + name, "set cluster.weight_folder to a writable place");
  const OwnedFolder session(TemporaryFolder() + name, "set TMPDIR to a writable place");
  job.shared_memory_folder = shared_memory.path();
  job.session_folder = session.path();
  return RunMpirun(MpirunCommand(job), listens);
}

// What would be started, and which rank is what where. `hosts` of the ranks, where a hostfile names them.
int DryRun(const LaunchArguments& arguments, const MpirunHosts& where, const Experiment& experiment, const RoleLayout& layout,
           std::vector<std::string> hosts) {
  MpirunJob job = JobOf(arguments, where, experiment.base.launch, layout.num_ranks());
  if (!job.hosts) {
    job.shared_memory_folder = experiment.base.cluster.weight_folder;
    job.session_folder = TemporaryFolder();
    hosts.assign(static_cast<size_t>(layout.num_ranks()), LocalHostName());
  }
  std::printf("%s\n", ShellWords(MpirunCommand(job)).c_str());
  std::printf("%s", layout.Table(hosts).c_str());
  return kExitDone;
}

// Runs the job until the rule ends it.
int RunWithRestarts(LaunchArguments arguments, const MpirunHosts& where, const Experiment& experiment, int ranks) {
  const ExperimentConfig& config = experiment.base;
  const RunPaths run = RunsPaths(config.run.dir).Run(config.run.name);
  RestartRule rule;
  for (int attempt = 1;; ++attempt) {
    const std::set<CheckpointMark> before = CheckpointsOf(experiment);
    const int code = RunOnce(JobOf(arguments, where, config.launch, ranks), config);
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
    if (!WaitFor(after.wait_s)) return kExitPreempted;  // nothing runs, and the same command goes on
    // The next run goes on with this one, however this one was started.
    arguments.train.resume = "auto";
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
  MpirunHosts where;
  std::unique_ptr<const MpirunHostfile> hostfile;
  if (!arguments.hostfile.empty()) {
    const std::vector<HostSlots> slots = ReadHostfile(arguments.hostfile);
    hosts = HostsByRank(slots, ranks, arguments.hostfile, LocalHostName());
    if (!AnyUser(slots)) {
      where.list = HostsArgument(slots);
    } else if (train.dry_run) {
      where.file = arguments.hostfile;
    } else {
      hostfile = std::make_unique<const MpirunHostfile>(slots, LocalHostName());
      where.file = hostfile->path();
    }
  }
  CheckInputs(experiment, train.resume);
  CheckDevice(cluster, /*here=*/!arguments.hosts);
  if (!arguments.hosts) CheckLimits();
  TemporaryFolder();
  if (train.dry_run) return DryRun(arguments, where, experiment, layout, hosts);
  CheckWeightFolder(cluster.weight_folder);
  return RunWithRestarts(arguments, where, experiment, ranks);
}

}  // namespace temper
