// temper launch: starts a job and, by the exit-code contract, starts it again; on this host, on several, or by Slurm.
#include <cstdio>
#include <filesystem>
#include <vector>

#include "cli/commands.h"
#include "cli/train_options.h"
#include "cluster/base/error.h"
#include "cluster/base/printable.h"
#include "cluster/host/stop_signals.h"
#include "orchestrator/launch/slurm_submit.h"
#include "orchestrator/launch/supervisor.h"
#include "orchestrator/launch/sweep_launch.h"
#include "record/run_paths.h"
#include "views/compare/comparison.h"
#include "views/index/run_index.h"
#include "views/report/report.h"

namespace temper {
namespace {

// After a dry run has shown what would be started. A start leaves this to the job.
void CheckIfDry(const TrainArguments& run) {
  if (run.dry_run) CheckForDryRun(LoadExperiment(run.config, run.overrides));
}

struct LaunchCommandArguments {
  enum class Way { kHere, kHosts, kSlurm };
  Way way = Way::kHere;
  LaunchArguments launch;
  SlurmArguments slurm;
};

// The report over the runs that have one of their own.
void CompareDone(const Sweep& sweep) {
  std::vector<RunRecord> records;
  for (const SweepRun& run : sweep.runs) {
    if (std::filesystem::exists(RunPaths(run.folder).Report().Json())) records.push_back(ReadRunRecord(run.folder));
  }
  if (records.size() < 2) return;
  const std::string table = WriteComparisonReport(records, sweep.folder);
  std::printf("\n%s\nreport: %s\n", table.c_str(), ReportPaths(sweep.folder).Html().c_str());
}

// The launcher alone writes it, when its runs are over: no job waits for it or can fail by it.
void IndexRuns(const Sweep& sweep) {
  try {
    if (std::filesystem::is_directory(sweep.folder)) WriteRunIndex(sweep.folder);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "temper launch: no index.html over the runs: %s\n", PrintableText(error.what()).c_str());
  }
}

// The runs of a sweep side by side, in its folder.
void ShowRuns(const Sweep& sweep, bool stopped) {
  if (!stopped) CompareDone(sweep);
  IndexRuns(sweep);
}

int LaunchHere(const LaunchCommandArguments& arguments) {
  if (arguments.launch.train.config.empty()) throw ConfigError("temper launch needs a config (see temper launch --help)");
  const auto launch = [](const TrainArguments& run) {
    const int code = SuperviseJob({.train = run, .hostfile = ""});
    CheckIfDry(run);
    return code;
  };
  return LaunchRuns(arguments.launch.train, {.launch = launch, .after = ShowRuns});
}

int LaunchOnHosts(const LaunchCommandArguments& arguments) {
  const auto launch = [&](const TrainArguments& run) {
    const int code = SuperviseJob({.train = run, .hosts = true, .hostfile = arguments.launch.hostfile});
    CheckIfDry(run);
    return code;
  };
  return LaunchRuns(arguments.launch.train, {.launch = launch, .after = ShowRuns});
}

int LaunchBySlurm(const LaunchCommandArguments& arguments) {
  const auto submit = [&](const TrainArguments& run) {
    const int code = SubmitToSlurm({.train = run, .workers_only = arguments.slurm.workers_only, .connect = arguments.slurm.connect});
    CheckIfDry(run);
    return code;
  };
  return LaunchRuns(arguments.slurm.train, {.launch = submit, .outcome = "submitted", .after = ShowRuns});
}

// A job that is launched gets wishes to stop from the first moment on. What only shows or submits one ends as any command does.
void ChooseStopSignals(const LaunchCommandArguments& arguments) {
  const bool launches = arguments.way != LaunchCommandArguments::Way::kSlurm && !arguments.launch.train.dry_run;
  launches ? NoteStopSignals() : ReleaseStopSignals();
}

int LaunchCommand(const LaunchCommandArguments& arguments) {
  ChooseStopSignals(arguments);
  switch (arguments.way) {
    case LaunchCommandArguments::Way::kHosts:
      return LaunchOnHosts(arguments);
    case LaunchCommandArguments::Way::kSlurm:
      return LaunchBySlurm(arguments);
    case LaunchCommandArguments::Way::kHere:
      break;
  }
  return LaunchHere(arguments);
}

// A word below the command says which way; the command runs when its options have been read.
void BindLaunch(CLI::App* command, LaunchCommandArguments* arguments) {
  AddTrainOptions(command, &arguments->launch.train, /*config_required=*/false);
  const auto add_way = [&](const char* name, const char* help, LaunchCommandArguments::Way way) {
    CLI::App* below = command->add_subcommand(name, help);
    below->callback([arguments, way] { arguments->way = way; });
    return below;
  };
  auto* hosts = add_way("mpirun", "starts a job on the hosts of a hostfile, or of Slurm's allocation", LaunchCommandArguments::Way::kHosts);
  AddTrainOptions(hosts, &arguments->launch.train);
  hosts->add_option("--hostfile", arguments->launch.hostfile, "a line a host: node01 slots=8");
  AddExamples(hosts, {{"temper launch mpirun configs/quickstart.yaml --hostfile HOSTS", "on the hosts of the file"}});
  auto* slurm =
      add_way("slurm", "writes an sbatch script (launch.slurm.* of the config) and submits it", LaunchCommandArguments::Way::kSlurm);
  AddTrainOptions(slurm, &arguments->slurm.train);
  slurm->add_flag("--workers-only", arguments->slurm.workers_only,
                  "only cluster.rollout_workers and .reward_workers, which join a running job");
  slurm->add_option("--connect", arguments->slurm.connect, "with --workers-only: folder of the run they join");
  AddExamples(slurm, {{"temper launch slurm configs/quickstart.yaml --dry-run", "the sbatch script; without --dry-run it is submitted"},
                      {"temper launch slurm CONFIG --workers-only --connect runs/quickstart", "more workers for a job that runs"}});
  AddExamples(command, {{"temper launch configs/quickstart.yaml", "a job on this host"},
                        {"temper launch configs/quickstart.yaml run.name=mine rl.steps=200", "with settings of its own"},
                        {"temper launch configs/experiments/kl_sweep.yaml --dry-run", "what would be started, here the runs of a sweep"}});
}

}  // namespace

void AddLaunchCommand(const CommandContext& context) {
  AddCommand<LaunchCommandArguments>(context, "launch",
                                     "starts a job on this host (launch CONFIG), on several (launch mpirun), or submits it (launch slurm)",
                                     BindLaunch, LaunchCommand);
}

}  // namespace temper
