#include <algorithm>
#include <cstdio>
#include <filesystem>

#include <unistd.h>

#include "cluster/error.h"
#include "cluster/owned_folder.h"
#include "orchestrator/cli.h"
#include "orchestrator/experiment_config.h"
#include "orchestrator/job.h"
#include "orchestrator/mpirun.h"
#include "orchestrator/role_layout.h"

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

MpirunJob JobOf(const TrainArguments& arguments, int ranks, const std::string& shared_memory, const std::string& session) {
  std::vector<std::string> program = {ProgramPath(), "train", arguments.config, "--resume", arguments.resume};
  program.insert(program.end(), arguments.overrides.begin(), arguments.overrides.end());
  return {.ranks = ranks, .program = program, .shared_memory_folder = shared_memory, .session_folder = session};
}

// One run of the job, which leaves nothing in shared memory or the temporary folder, however it ends.
int RunOnce(const TrainArguments& arguments, int ranks, const std::string& weight_folder) {
  const std::string name = Concat("/temper-mpi-", getpid());
  const OwnedFolder shared_memory(weight_folder + name, "set cluster.weight_folder to a writable place");
  const OwnedFolder session(std::filesystem::temp_directory_path().string() + name, "set TMPDIR to a writable place");
  return RunMpirun(MpirunCommand(JobOf(arguments, ranks, shared_memory.path(), session.path())));
}

bool IsFinal(int code) { return code == kExitDone || code == kExitConfig || code == kExitPreempted || code == kExitUnhealthy; }

}  // namespace

int LaunchCommand(const TrainArguments& given) {
  TrainArguments arguments = given;
  const Experiment experiment = LoadExperiment(arguments.config, arguments.overrides);
  const ClusterConfig& cluster = experiment.base.cluster;
  const int ranks = arguments.ranks > 0 ? arguments.ranks : std::max(4, RoleLayout::RanksFor(cluster));
  const RoleLayout layout(cluster, ranks);
  if (arguments.dry_run) {
    const std::string session = std::filesystem::temp_directory_path();
    const auto command = MpirunCommand(JobOf(arguments, ranks, cluster.weight_folder, session));
    for (const std::string& word : command) std::printf("%s ", word.c_str());
    std::printf("\n");
    return kExitDone;
  }
  CheckWeightFolder(cluster.weight_folder);
  PassStopSignalsOn();
  const std::string run_folder = experiment.base.run.dir + "/" + experiment.base.run.name;
  int without_progress = -1;  // restarts; the first run is none
  for (int attempt = 1;; ++attempt) {
    const std::string before = ProgressMark(run_folder);
    const int code = RunOnce(arguments, ranks, cluster.weight_folder);
    if (IsFinal(code)) return code;
    if (NumStopSignals() > 0) return kExitRetry;  // mpirun's own code after a second signal would mean nothing to whoever asks
    arguments.resume = "auto";                    // what was started anew once is gone on with
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

int EvalCommand(const TrainArguments& given, const std::string& model) {
  TrainArguments arguments = given;
  const Experiment experiment = LoadExperiment(given.config, given.overrides);
  arguments.overrides.insert(arguments.overrides.begin(), {"arms={}", "seeds=[]", "sweep={}"});  // the user's own may say otherwise
  // The last word: a run that trained must not get into the way, nor out of it.
  const std::string name = "run.name=" + experiment.base.run.name + "-eval";
  arguments.overrides.insert(arguments.overrides.end(), {"stages=[eval]", "policy.path=" + model, name});
  return LaunchCommand(arguments);
}

}  // namespace temper
