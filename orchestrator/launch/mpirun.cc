#include "orchestrator/launch/mpirun.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cluster/base/error.h"
#include "cluster/host/stop_signals.h"
#include "orchestrator/launch/mpirun_output.h"

namespace temper {
namespace {

constexpr int kPollMilliseconds = 100;

[[noreturn]] void Exec(const std::vector<std::string>& command, pid_t launcher, int error_output) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);  // ends the job, and removes its files
  setpgid(0, 0);                     // a Ctrl-C in the terminal must reach the launcher alone
  dup2(error_output, STDERR_FILENO);
  if (getppid() != launcher) std::_Exit(1);
  ResetStopSignals();  // what comes before mpirun has handlers of its own ends this process
  std::vector<char*> words;
  words.reserve(command.size() + 1);
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  execvp(words[0], words.data());
  std::fprintf(stderr, "temper: cannot start mpirun: is OpenMPI installed? (Debian: apt-get install openmpi-bin)\n");
  std::_Exit(kExitConfig);
}

// The two ends of a pipe, neither of them for children.
struct Pipe {
  int ends[2] = {-1, -1};
  Pipe() { TEMPER_CHECK(pipe2(ends, O_CLOEXEC) == 0, "cannot make a pipe: ", std::strerror(errno)); }
  ~Pipe() {
    for (int i = 0; i < 2; ++i) Close(i);
  }
  void Close(int i) {
    if (ends[i] >= 0) close(ends[i]);
    ends[i] = -1;
  }
};

// Prints what there is to read. False at the end of the pipe.
bool Relay(int from, MpirunOutput* output) {
  char bytes[4096];
  for (;;) {
    const ssize_t got = read(from, bytes, sizeof(bytes));
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    const std::string shown = got == 0 ? output->Finish() : output->Feed({bytes, static_cast<size_t>(got)});
    std::fwrite(shown.data(), 1, shown.size(), stderr);
    if (got == 0) return false;
  }
}

void SayThatTheJobStops(int* said) {
  const int signals = NumStopSignals();
  if (*said == 0 && signals > 0) {
    std::fprintf(stderr, "temper launch: stopping at the end of this step, with a checkpoint; once more to stop at once\n");
  }
  *said = signals;
}

// Passes the error output on until mpirun has ended; returns its wait status.
int Attend(pid_t mpirun, int error_output) {
  fcntl(error_output, F_SETFL, O_NONBLOCK);
  MpirunOutput output;
  int status = 0;
  int said = 0;
  for (bool open = true;;) {
    pollfd waiting{open ? error_output : -1, POLLIN, 0};
    poll(&waiting, 1, kPollMilliseconds);
    SayThatTheJobStops(&said);
    // Asked before reading: what mpirun wrote last is in the pipe then. Who inherited the pipe may keep it open for longer.
    const bool ended = waitpid(mpirun, &status, WNOHANG) == mpirun;
    if (open) open = Relay(error_output, &output);
    if (!ended) continue;
    const std::string rest = output.Finish();
    std::fwrite(rest.data(), 1, rest.size(), stderr);
    return status;
  }
}

}  // namespace

std::vector<std::string> MpirunCommand(const MpirunJob& job) {
  std::vector<std::string> command = {"mpirun", "-np", Concat(job.ranks)};
  const auto add = [&](std::initializer_list<std::string> words) { command.insert(command.end(), words); };
  if (job.hosts) {
    if (!job.hostfile.empty()) add({"--hostfile", job.hostfile});
    add({"--map-by", job.bind ? Concat("slot:PE=", job.cpus_per_rank) : "slot"});
  } else {
    add({"--oversubscribe"});
  }
  add({"--bind-to", job.bind ? "core" : "none"});
  const std::pair<const char*, std::string> parameters[] = {{"oob_tcp_keepalive_time", "3"},
                                                            {"oob_tcp_keepalive_intvl", "1"},
                                                            {"oob_tcp_keepalive_probes", "3"},
                                                            {"odls_base_sigkill_timeout", "0"},  // else two seconds, dead or not
                                                            {"btl_vader_backing_directory", job.shared_memory_folder},
                                                            {"orte_tmpdir_base", job.session_folder}};
  for (const auto& [name, value] : parameters) {
    if (!value.empty()) add({"--mca", name, value});
  }
  if (geteuid() == 0) command.push_back("--allow-run-as-root");
  command.insert(command.end(), job.program.begin(), job.program.end());
  return command;
}

int RunMpirun(const std::vector<std::string>& command) {
  if (StopRequested()) return kExitPreempted;  // nothing runs yet, and what is on disk stays as it is
  Pipe error_output;
  const pid_t self = getpid();
  const pid_t pid = fork();
  TEMPER_CHECK(pid >= 0, "cannot fork: ", std::strerror(errno));
  if (pid == 0) Exec(command, self, error_output.ends[1]);
  error_output.Close(1);
  PassStopSignalsTo(pid);
  const int status = Attend(pid, error_output.ends[0]);
  PassStopSignalsTo(-1);
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  return StopRequested() ? kExitPreempted : kExitRetry;
}

}  // namespace temper
