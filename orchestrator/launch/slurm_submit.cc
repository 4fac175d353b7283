#include "orchestrator/launch/slurm_submit.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include <sys/wait.h>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/host/program_path.h"
#include "orchestrator/config/experiment_config.h"
#include "orchestrator/config/role_layout.h"
#include "orchestrator/job/run_folder.h"
#include "orchestrator/job/start_checks.h"
#include "orchestrator/launch/slurm_script.h"
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
    throw ConfigError("--workers-only needs a number of workers: cluster.rollout_workers=N, cluster.reward_workers=N");
  }
  return workers;
}

void CheckWorkersOptions(const SlurmArguments& arguments) {
  if (arguments.workers_only && arguments.connect.empty())
    throw ConfigError("--workers-only needs --connect RUN_FOLDER of the job to join");
  if (!arguments.workers_only && !arguments.connect.empty()) throw ConfigError("--connect goes with --workers-only");
}

// The script's text; sets the job's run folder to that of the job the workers join, where they are all there is.
std::string RenderScript(const SlurmArguments& arguments, const ExperimentConfig& config, SlurmJob* job) {
  if (arguments.workers_only) {
    job->run_folder = fs::absolute(arguments.connect).lexically_normal();
    return RenderWorkersScript(*job, WorkersOf(config));
  }
  const int ranks = arguments.train.ranks > 0 ? arguments.train.ranks : std::max(4, RoleLayout::RanksFor(config.cluster));
  return RenderJobScript(*job, RoleLayout(config.cluster, ranks));
}

// Makes what the script writes into; a run that begins again is set aside.
void PrepareRunFolder(const SlurmArguments& arguments, const std::string& run_folder) {
  if (arguments.workers_only && !fs::is_directory(run_folder)) {
    throw ConfigError(Concat("--connect ", arguments.connect, ": there is no such run folder"));
  }
  if (!arguments.workers_only && arguments.train.resume == "never" && fs::exists(run_folder)) SetAside(run_folder);
  const RunPaths paths(run_folder);
  for (const std::string& folder : {paths.Slurm(), paths.Logs(), paths.SlurmWorkerLogs()}) fs::create_directories(folder);
}

void SaySubmitted(const SlurmArguments& arguments, const std::string& id, const std::string& script, const RunPaths& run) {
  const std::string log = arguments.workers_only ? run.SlurmWorkersLog(id) : run.SlurmLog(id);
  std::printf("submitted Slurm job %s\n  script  %s\n  log     %s\n", id.c_str(), script.c_str(), log.c_str());
  if (arguments.workers_only) return;
  std::printf("  ranks   %s/ROLE/rank_N.log\n", run.LatestLogs().c_str());
  std::printf("  stop    scancel --batch --signal=USR1 %s  writes a checkpoint and queues it again;  scancel %s  ends it\n", id.c_str(),
              id.c_str());
}

}  // namespace

int SubmitToSlurm(const SlurmArguments& arguments) {
  CheckWorkersOptions(arguments);
  const Experiment experiment = LoadExperiment(arguments.train.config, arguments.train.overrides);
  SlurmJob job = JobOf(arguments, experiment.base);
  const std::string text = RenderScript(arguments, experiment.base, &job);
  if (arguments.train.dry_run) {
    CheckDevice(experiment.base.cluster, /*here=*/false);
    if (!arguments.workers_only) CheckInputs(experiment, arguments.train.resume);
    std::fwrite(text.data(), 1, text.size(), stdout);
    return kExitDone;
  }
  PrepareRunFolder(arguments, job.run_folder);
  const RunPaths run(job.run_folder);
  const std::string script = arguments.workers_only ? run.SlurmWorkersScript() : run.SlurmScript();
  WriteFile(script, text);
  SaySubmitted(arguments, Submit(script), script, run);
  return kExitDone;
}

}  // namespace temper
