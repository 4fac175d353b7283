#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include <nlohmann/json.hpp>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cluster/clock.h"
#include "cluster/error.h"
#include "orchestrator/checkpoint.h"
#include "orchestrator/cli.h"
#include "orchestrator/experiment_config.h"
#include "orchestrator/role_layout.h"

namespace temper {
namespace {

constexpr int kMaxRestartsWithoutProgress = 3;
constexpr int kMaxBackoffSeconds = 60;

std::atomic<int> g_signals{0};
std::atomic<pid_t> g_mpirun{-1};

// SIGUSR1 is passed on by mpirun at once and kills nothing; what mpirun makes of SIGTERM leaves no time for a checkpoint.
void PassOn(int) {
  const pid_t mpirun = g_mpirun;
  if (mpirun > 0) kill(mpirun, ++g_signals > 1 ? SIGTERM : SIGUSR1);
}

std::vector<std::string> MpirunCommand(const TrainArguments& arguments, int ranks) {
  std::vector<std::string> command = {"mpirun",
                                      "-np",
                                      Concat(ranks),
                                      "--oversubscribe",
                                      "--bind-to",
                                      "none",
                                      "--mca",
                                      "oob_tcp_keepalive_time",
                                      "3",
                                      "--mca",
                                      "oob_tcp_keepalive_intvl",
                                      "1",
                                      "--mca",
                                      "oob_tcp_keepalive_probes",
                                      "3"};
  if (geteuid() == 0) command.push_back("--allow-run-as-root");
  command.insert(command.end(), {ProgramPath(), "train", arguments.config, "--resume", arguments.resume});
  command.insert(command.end(), arguments.overrides.begin(), arguments.overrides.end());
  return command;
}

// Exit code of one run of the job; a death by signal counts as "try again".
int RunOnce(const std::vector<std::string>& command) {
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const pid_t self = getpid();
  const pid_t pid = fork();
  TEMPER_CHECK(pid >= 0, "cannot fork");
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0);  // a Ctrl-C in the terminal must reach the launcher alone
    if (getppid() != self) std::_Exit(1);
    execvp(words[0], words.data());
    std::fprintf(stderr, "temper: cannot start mpirun: is OpenMPI installed? (Debian: apt-get install openmpi-bin)\n");
    std::_Exit(kExitConfig);
  }
  g_mpirun = pid;
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  g_mpirun = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : kExitRetry;
}

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

}  // namespace

int LaunchCommand(const TrainArguments& given) {
  TrainArguments arguments = given;
  const Experiment experiment = LoadExperiment(arguments.config, arguments.overrides);
  const int ranks = arguments.ranks > 0 ? arguments.ranks : std::max(4, RoleLayout::RanksFor(experiment.base.cluster));
  const RoleLayout layout(experiment.base.cluster, ranks);
  if (arguments.dry_run) {
    for (const std::string& word : MpirunCommand(arguments, ranks)) std::printf("%s ", word.c_str());
    std::printf("\n");
    return kExitDone;
  }
  for (const int sig : {SIGTERM, SIGINT, SIGUSR1}) {
    struct sigaction action {};
    action.sa_handler = PassOn;
    sigaction(sig, &action, nullptr);
  }
  const std::string run_folder = experiment.base.run.dir + "/" + experiment.base.run.name;
  int without_progress = 0;
  for (int attempt = 1;; ++attempt) {
    const std::string before = ProgressMark(run_folder);
    const int code = RunOnce(MpirunCommand(arguments, ranks));
    if (code == kExitDone || code == kExitConfig || code == kExitPreempted || code == kExitUnhealthy || g_signals > 0) return code;
    arguments.resume = "auto";  // what was started anew once is gone on with
    without_progress = ProgressMark(run_folder) == before ? without_progress + 1 : 0;
    if (without_progress >= kMaxRestartsWithoutProgress) {
      std::fprintf(stderr, "temper launch: gave up after %d restarts without a new checkpoint (last exit code %d); see %s/logs/latest\n",
                   without_progress, code, run_folder.c_str());
      return code;
    }
    const int wait = std::min(kMaxBackoffSeconds, 1 << without_progress);
    std::fprintf(stderr, "temper launch: the job ended with code %d, starting it again from the last checkpoint in %d s (restart %d)\n",
                 code, wait, attempt);
    sleep(static_cast<unsigned>(wait));
  }
}

}  // namespace temper
