// temper train: one rank of a job.
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>

#include <signal.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/train_options.h"
#include "cluster/base/log.h"
#include "cluster/base/printable.h"
#include "cluster/collectives/process.h"
#include "cluster/host/limits.h"
#include "cluster/host/owned_folder.h"
#include "cluster/host/spawner.h"
#include "cluster/host/stop_signals.h"
#include "orchestrator/job/in_process_job.h"
#include "orchestrator/job/orchestrator_process.h"
#include "orchestrator/job/start_checks.h"
#include "orchestrator/job/train_ranks.h"
#include "orchestrator/launch/sweep_launch.h"
#include "record/run_paths.h"
#include "record/run_record.h"
#include "views/report/report.h"
#include "views/trace/summary.h"
#include "views/trace/timeline.h"

namespace temper {
namespace {

int DryRun(const Experiment& experiment, const TrainArguments& arguments, int launched_ranks) {
  int ranks = arguments.ranks > 0 ? arguments.ranks : launched_ranks;
  if (ranks <= 0) ranks = std::max(4, RoleLayout::RanksFor(experiment.base.cluster));
  const RoleLayout layout(experiment.base.cluster, ranks);
  CheckInputs(experiment, arguments.resume);
  CheckForDryRun(experiment);
  CheckDevice(experiment.base.cluster, /*here=*/true);
  CheckLimits();
  for (const Arm& arm : experiment.arms) {
    if (experiment.arms.size() > 1) std::cout << "# arm " << arm.name << "\n";
    std::cout << arm.resolved.ToYaml() << "\n";
  }
  std::cout << "# layout of " << ranks << " ranks\n";
  for (int rank = 0; rank < ranks; ++rank) {
    std::cout << "#   rank " << rank << ": " << ToString(layout.RoleOf(rank)) << " " << layout.IndexOf(rank) << "\n";
  }
  return kExitDone;
}

// Ranks of one host meet in shared memory. That OpenMPI looks for networks all the same takes more than half of its start. What a user has
// set stays.
void UseNoNetworkOnOneHost() {
  const char *here = std::getenv("OMPI_COMM_WORLD_LOCAL_SIZE"), *all = std::getenv("OMPI_COMM_WORLD_SIZE");
  if (here == nullptr || all == nullptr || std::string_view(here) != all) return;
  setenv("OMPI_MCA_pml", "ob1", 0);
  setenv("OMPI_MCA_btl", "self,vader", 0);
}

// OpenMPI's ranks of one node share memory in files that a killed job leaves behind. `temper launch` on one host has made a folder for them
// that it removes; otherwise each rank makes its own, which the next job on the node finds and removes.
std::unique_ptr<OwnedFolder> FolderForSegments() {
  constexpr char kVariable[] = "OMPI_MCA_btl_vader_backing_directory";
  constexpr char kSharedMemory[] = "/dev/shm";
  if (access(kSharedMemory, W_OK | X_OK) != 0) return nullptr;
  UseNoNetworkOnOneHost();
  if (std::getenv(kVariable) != nullptr) return nullptr;
  auto folder = std::make_unique<OwnedFolder>(Concat(kSharedMemory, "/temper-mpi-", getpid()), "free some space there");
  setenv(kVariable, folder->path().c_str(), 1);
  return folder;
}

// Who waited for whom in this attempt. For information only: a job does not fail for it.
void PrintTimeFindings(const std::string& run_folder, int64_t attempt) {
  try {
    const TraceSummary summary = Summarize(ReadTrace(run_folder, attempt));
    for (const std::string& finding : summary.findings) std::printf("time: %s\n", finding.c_str());
  } catch (const std::exception& error) {
    TEMPER_LOG(Warn, "where the time went is not known: ", error.what());
  }
}

// Writes the report of a finished job and prints its table. The record is complete by now: what goes wrong here is told, and the job has
// succeeded all the same.
void ShowResult(const Experiment& experiment, const JobEnd& end) {
  const bool reportable = std::all_of(experiment.arms.begin(), experiment.arms.end(),
                                      [](const Arm& arm) { return arm.config.HasStage("rl") || arm.config.HasStage("eval"); });
  if (reportable) {
    try {
      const std::string table = WriteReport(ReadRunRecord(end.run_folder), end.run_folder, TimelineIfAny(end.run_folder));
      std::printf("\n%s\nreport: %s\n", table.c_str(), RunPaths(end.run_folder).Report().Html().c_str());
    } catch (const std::exception& error) {
      std::fprintf(stderr, "temper: the job is done, but its report was not written: %s; temper report %s writes it\n",
                   PrintableText(error.what()).c_str(), end.run_folder.c_str());
    }
  }
  if (experiment.base.monitor.cluster_log_s > 0) PrintTimeFindings(end.run_folder, end.attempt);
  std::fflush(stdout);
}

int Finish(const Experiment& experiment, const JobEnd& end) {
  if (end.exit_code == kExitDone && !end.run_folder.empty()) ShowResult(experiment, end);
  return end.exit_code;
}

// The orchestrator decides when the job ends. Before MPI_Init: a launcher passes signals on once all ranks have come to that.
void HandleStopSignals(int rank) {
  signal(SIGPIPE, SIG_IGN);  // a job does not end because nobody reads its output
  rank > 0 ? IgnoreStopSignals() : StopAtStopSignal();
}

// The job as a rank of this role sees it; ends with it. `spawner`: of a worker's rank.
int RunRole(Role role, const Experiment& experiment, const RoleLayout& layout, const std::string& resume, Process* process,
            Spawner* spawner) {
  switch (role) {
    case Role::kOrchestrator:
      return Finish(experiment, RunOrchestrator(experiment, layout, resume, process));
    case Role::kLearner:
      return RunLearner(experiment, layout, process);
    default:
      return RunWorkerRank(experiment, layout, role, process, spawner);
  }
}

void CheckRank(const Process& process, const LaunchedRank& launched) {
  if (process.rank() == launched.rank && process.size() == launched.size) return;
  throw ConfigError(Concat("MPI says rank ", process.rank(), " of ", process.size(), ", the launcher's environment said ", launched.rank,
                           " of ", launched.size, ": the launcher and the MPI library do not fit together (srun needs --mpi=pmix)"));
}

// This process as one rank, from before MPI_Init to its end. What goes wrong ends all ranks.
int RunRank(const Experiment& experiment, const std::string& resume, const LaunchedRank& launched, const CommandContext& context) {
  const RoleLayout layout(experiment.base.cluster, launched.size);
  const Role role = layout.RoleOf(launched.rank);
  // Before MPI_Init: what is forked after it would be tied to the job's fate.
  std::unique_ptr<Spawner> spawner;
  if (role == Role::kRollout || role == Role::kReward) spawner = std::make_unique<Spawner>(context.program_main);
  const std::unique_ptr<OwnedFolder> segments = FolderForSegments();
  Process process(context.argc, context.argv);
  SetErrorContext(Concat(ToString(role), " ", process.rank(), "/", process.size(), " ", process.host()));
  CheckRank(process, launched);
  try {
    return RunRole(role, experiment, layout, resume, &process, spawner.get());
  } catch (const ConfigError& error) {
    std::fprintf(stderr, "temper: %s\n", PrintableText(error.what()).c_str());
    process.Abort(kExitConfig);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "temper: error: %s\n", PrintableText(error.what()).c_str());
    LogFileLine(LogLevel::kError, Concat(error.what(), ", exiting rc=", kExitRetry));
    spawner.reset();
    process.Abort(kExitRetry);
  }
}

int TrainCommand(const TrainArguments& arguments, const CommandContext& context) {
  LaunchedRank launched = RankFromEnvironment();
  arguments.dry_run ? ReleaseStopSignals() : HandleStopSignals(launched.rank);
  const Experiment experiment = LoadExperiment(arguments.config, arguments.overrides);
  if (launched.rank >= 0 && launched.size < 0) {  // srun names the rank alone
    launched.size = arguments.ranks > 0 ? arguments.ranks : RoleLayout::RanksFor(experiment.base.cluster);
  }
  if (arguments.dry_run) return launched.rank > 0 ? kExitDone : DryRun(experiment, arguments, launched.size);
  if (launched.rank <= 0) TellBeatenOverrides(experiment);
  if (arguments.in_process) return Finish(experiment, RunInProcess(experiment, arguments.resume));
  if (launched.rank < 0) {
    throw ConfigError(Concat("temper train is one rank of a job: start it with  mpirun -np 4 temper train ", arguments.config,
                             "  or let  temper launch ", arguments.config, "  do that; --in-process runs all of it in this process"));
  }
  return RunRank(experiment, arguments.resume, launched, context);
}

}  // namespace

void AddTrainCommand(const CommandContext& context) {
  AddCommand<TrainArguments>(
      context, "train", "one rank of a job: mpirun -np 4 temper train CONFIG",
      [](CLI::App* command, TrainArguments* arguments) {
        AddTrainOptions(command, arguments);
        command->add_flag("--in-process", arguments->in_process, "the whole job in this process and thread: to step through it");
        AddExamples(command,
                    {{"mpirun -np 4 temper train configs/quickstart.yaml", "a job of four ranks"},
                     {"temper train configs/quickstart.yaml --dry-run", "every setting with the line it comes from, and the ranks"},
                     {"temper train configs/smoke.yaml --in-process", "a whole job under a debugger"}});
      },
      [context](const TrainArguments& arguments) { return TrainCommand(OneRun(arguments), context); });
}

}  // namespace temper
