// temper launch: starts a job and, by the exit-code contract, starts it again. temper eval: the same for a model to evaluate.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "cli/commands.h"
#include "cluster/base/error.h"
#include "cluster/host/host_name.h"
#include "cluster/host/owned_folder.h"
#include "orchestrator/config/experiment_config.h"
#include "orchestrator/config/role_layout.h"
#include "orchestrator/job/job.h"
#include "orchestrator/job/start_checks.h"
#include "orchestrator/launch/hostfile.h"
#include "orchestrator/launch/mpirun.h"
#include "orchestrator/launch/slurm_script.h"

namespace temper {
namespace {

constexpr int kMaxRestartsWithoutProgress = 3;
constexpr int kMaxBackoffSeconds = 60;

// Something that grows while the run makes progress: the newest steps of its checkpoints.
std::string ProgressMark(const std::string& run_folder) {
  std::string mark;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(run_folder, ignored)) {
    const std::string name = entry.path().filename();
    if (entry.is_directory() && name.starts_with("step_")) mark += entry.path().string() + "\n";
  }
  return mark;
}

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

bool IsFinal(int code) { return code == kExitDone || code == kExitConfig || code == kExitPreempted || code == kExitUnhealthy; }

}  // namespace

int LaunchCommand(const LaunchArguments& given) {
  LaunchArguments arguments = given;
  TrainArguments& train = arguments.train;
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
  const std::string run_folder = experiment.base.run.dir + "/" + experiment.base.run.name;
  int without_progress = -1;  // restarts; the first run is none
  for (int attempt = 1;; ++attempt) {
    const std::string before = ProgressMark(run_folder);
    const int code = RunOnce(JobOf(arguments, experiment.base.launch, ranks), cluster.weight_folder);
    if (IsFinal(code)) return code;
    if (NumStopSignals() > 0) return kExitRetry;  // mpirun's own code after a second signal would mean nothing to whoever asks
    train.resume = "auto";                        // what was started anew once is gone on with
    without_progress = ProgressMark(run_folder) == before ? without_progress + 1 : 0;
    if (without_progress >= kMaxRestartsWithoutProgress) {
      std::fprintf(stderr, "temper launch: gave up after %d restarts without a new checkpoint (last exit code %d); see %s/logs/latest\n",
                   without_progress, code, run_folder.c_str());
      return kExitRetry;
    }
    const int wait = std::min(kMaxBackoffSeconds, 1 << without_progress);
    std::fprintf(stderr, "temper launch: the job ended with code %d, starting it again from the last checkpoint in %d s (restart %d)\n",
                 code, wait, attempt);
    sleep(static_cast<unsigned>(wait));
    if (NumStopSignals() > 0) return kExitRetry;
  }
}

namespace {

// Evaluates the Hugging Face folder `model` under the config, as a run <run.name>-eval of its own: no arms, no training.
int EvalCommand(const TrainArguments& given, const std::string& model) {
  TrainArguments arguments = given;
  const Experiment experiment = LoadExperiment(given.config, given.overrides);
  arguments.overrides.insert(arguments.overrides.begin(), {"arms={}", "seeds=[]", "sweep={}"});  // the user's own may say otherwise
  // The last word: a run that trained must not get into the way, nor out of it.
  const std::string name = "run.name=" + experiment.base.run.name + "-eval";
  arguments.overrides.insert(arguments.overrides.end(), {"stages=[eval]", "policy.path=" + model, name});
  return LaunchCommand({.train = arguments, .hostfile = ""});
}

}  // namespace

void AddTrainOptions(CLI::App* command, TrainArguments* arguments, bool config_required) {
  command->add_option("config", arguments->config, "YAML file (configs/reference.yaml lists every key)")->required(config_required);
  command->add_option("overrides", arguments->overrides, "a.b=value, applied over the file");
  command->add_option("--resume", arguments->resume, "auto (default), never, or a checkpoint's folder");
  command->add_flag("--dry-run", arguments->dry_run, "check the config and what it names, print what would be started, start nothing");
  command->add_option("--member", arguments->member, "of a config with seeds: or sweep:, one run by name or by index from 0");
  command->add_option("-n,--np", arguments->ranks, "number of ranks (default: what the config asks for)");
}

void AddLaunchCommand(CLI::App* app, int* exit_code) {
  const auto launch = std::make_shared<LaunchArguments>();
  const auto slurm = std::make_shared<SlurmArguments>();
  auto* here =
      app->add_subcommand("launch", "starts a job on this host (launch CONFIG), on several (launch mpirun), or submits it (launch slurm)");
  AddTrainOptions(here, &launch->train, /*config_required=*/false);
  here->callback([=] {
    if (!here->get_subcommands().empty()) return;
    if (launch->train.config.empty()) throw ConfigError("temper launch: which config? (see temper launch --help)");
    *exit_code = LaunchRuns(launch->train, [=](const TrainArguments& run) { return LaunchCommand({.train = run, .hostfile = ""}); });
  });
  auto* hosts = here->add_subcommand("mpirun", "starts a job on the hosts of a hostfile, or of Slurm's allocation");
  AddTrainOptions(hosts, &launch->train);
  hosts->add_option("--hostfile", launch->hostfile, "a line a host: node01 slots=8");
  hosts->callback([=] {
    *exit_code = LaunchRuns(launch->train, [=](const TrainArguments& run) {
      return LaunchCommand({.train = run, .hosts = true, .hostfile = launch->hostfile});
    });
  });
  auto* submit = here->add_subcommand("slurm", "writes an sbatch script (launch.slurm.* of the config) and submits it");
  AddTrainOptions(submit, &slurm->train);
  submit->add_flag("--workers-only", slurm->workers_only, "only cluster.rollout_workers and .reward_workers, which join a running job");
  submit->add_option("--connect", slurm->connect, "with --workers-only: folder of the run they join");
  submit->callback([=] {
    const auto submit_run = [=](const TrainArguments& run) {
      return SlurmCommand({.train = run, .workers_only = slurm->workers_only, .connect = slurm->connect});
    };
    *exit_code = LaunchRuns(slurm->train, submit_run, "submitted");
  });
}

void AddEvalCommand(CLI::App* app, int* exit_code) {
  struct Arguments {
    TrainArguments train;
    std::string model;
  };
  const auto arguments = std::make_shared<Arguments>();
  TrainArguments& train = arguments->train;
  auto* command = app->add_subcommand(
      "eval", "evaluates a model folder under a config, its arms left out, into <run.dir>/<run.name>-eval: temper eval CONFIG --model DIR");
  AddTrainOptions(command, &train);
  auto* resume = command->get_option("--resume");
  resume->description("never (default: an earlier evaluation is kept aside), auto, or a checkpoint's folder");
  command->add_option("--model", arguments->model, "Hugging Face folder")->required();
  command->callback([=] {
    TrainArguments given = arguments->train;
    if (resume->count() == 0) given.resume = "never";  // the model may be another one at the same place
    *exit_code = EvalCommand(given.member.empty() ? given : OneRun(given), arguments->model);
  });
}

}  // namespace temper
