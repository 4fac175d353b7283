#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include <sys/wait.h>

#include "cli/commands.h"
#include "cluster/base/error.h"
#include "orchestrator/config/experiment_config.h"
#include "orchestrator/config/role_layout.h"
#include "orchestrator/job/run_folder.h"
#include "orchestrator/job/start_checks.h"
#include "orchestrator/launch/slurm_script.h"
#include "record/checkpoint.h"
#include "record/run_paths.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

// Hands the script to Slurm; returns the job's number. What sbatch has to say goes to standard error.
std::string Submit(const std::string& script) {
  FILE* pipe = popen(("sbatch --parsable " + ShellWord(script)).c_str(), "r");
  TEMPER_CHECK(pipe != nullptr, "cannot start sbatch: ", std::strerror(errno));
  std::array<char, 256> line{};
  const bool got = std::fgets(line.data(), line.size(), pipe) != nullptr;
  const int status = pclose(pipe);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
    throw ConfigError(Concat("there is no sbatch here: run this where jobs are submitted, or take the script there: ", script));
  }
  if (status != 0 || !got) throw ConfigError(Concat("sbatch refused ", script, " (see above); change launch.slurm.* or the script"));
  std::string id(line.data());
  return id.substr(0, id.find_first_of(";\n"));
}

SlurmJob JobOf(const SlurmArguments& arguments, const ExperimentConfig& config) {
  SlurmJob job;
  job.name = config.run.name;
  job.launch = config.launch;
  job.program = ProgramPath();
  job.arguments.push_back(arguments.train.config);
  // `never` is done when the job is submitted: once it is queued again it must go on.
  const std::string& resume = arguments.train.resume;
  if (resume != "auto" && resume != "never") job.resume_folder = fs::absolute(resume).lexically_normal();
  job.arguments.insert(job.arguments.end(), arguments.train.overrides.begin(), arguments.train.overrides.end());
  job.working_folder = fs::current_path();
  job.run_folder = fs::absolute(fs::path(config.run.dir) / config.run.name).lexically_normal();
  return job;
}

SlurmWorkers WorkersOf(const ExperimentConfig& config) {
  const SlurmWorkers workers{.rollout = config.cluster.rollout_workers,
                             .reward = config.cluster.reward_workers,
                             .rollout_capacity = WorkerCapacity(Role::kRollout, config.rollout),
                             .reward_capacity = WorkerCapacity(Role::kReward, config.rollout)};
  if (workers.rollout + workers.reward == 0) {
    throw ConfigError("--workers-only: how many? cluster.rollout_workers=N, cluster.reward_workers=N");
  }
  return workers;
}

void CheckWorkersOptions(const SlurmArguments& arguments) {
  if (arguments.workers_only && arguments.connect.empty())
    throw ConfigError("--workers-only needs --connect RUN_FOLDER of the job to join");
  if (!arguments.workers_only && !arguments.connect.empty()) throw ConfigError("--connect goes with --workers-only");
}

}  // namespace

int SlurmCommand(const SlurmArguments& arguments) {
  CheckWorkersOptions(arguments);
  const Experiment experiment = LoadExperiment(arguments.train.config, arguments.train.overrides);
  const ExperimentConfig& config = experiment.base;
  SlurmJob job = JobOf(arguments, config);
  std::string text;
  if (arguments.workers_only) {
    job.run_folder = fs::absolute(arguments.connect).lexically_normal();
    text = RenderWorkersScript(job, WorkersOf(config));
  } else {
    const int ranks = arguments.train.ranks > 0 ? arguments.train.ranks : std::max(4, RoleLayout::RanksFor(config.cluster));
    text = RenderJobScript(job, RoleLayout(config.cluster, ranks));
  }
  if (arguments.train.dry_run) {
    CheckDevice(config.cluster, /*here=*/false);
    if (!arguments.workers_only) CheckInputs(experiment, arguments.train.resume);
    std::fwrite(text.data(), 1, text.size(), stdout);
    return kExitDone;
  }
  if (arguments.workers_only && !fs::is_directory(job.run_folder)) {
    throw ConfigError(Concat("--connect ", arguments.connect, ": there is no such run folder"));
  }
  if (!arguments.workers_only && arguments.train.resume == "never" && fs::exists(job.run_folder)) SetAside(job.run_folder);
  const RunPaths paths(job.run_folder);
  for (const std::string& folder : {paths.Slurm(), paths.Logs(), paths.SlurmWorkerLogs()}) fs::create_directories(folder);
  const std::string script = arguments.workers_only ? paths.SlurmWorkersScript() : paths.SlurmScript();
  WriteFileAtomically(script, text);
  const std::string id = Submit(script);
  const std::string log = arguments.workers_only ? paths.SlurmWorkersLog(id) : paths.SlurmLog(id);
  std::printf("submitted Slurm job %s\n  script  %s\n  log     %s\n", id.c_str(), script.c_str(), log.c_str());
  if (!arguments.workers_only) {
    std::printf("  ranks   %s/ROLE/rank_N.log\n", paths.LatestLogs().c_str());
    std::printf("  stop    scancel --batch --signal=USR1 %s  writes a checkpoint and queues it again;  scancel %s  ends it\n", id.c_str(),
                id.c_str());
  }
  return kExitDone;
}

}  // namespace temper
