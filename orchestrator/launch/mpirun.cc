#include "orchestrator/launch/mpirun.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/host/stop_signals.h"
#include "orchestrator/launch/mpirun_output.h"
#include "orchestrator/launch/output_relay.h"

namespace temper {
namespace {

constexpr int kPollMilliseconds = 100;
constexpr int64_t kEndMillis = 10'000;  // mpirun waits for ever for a host that is gone

// What ends mpirun and its ranks without a checkpoint, and what a user or a closed terminal may well send it. It never arrives: it stays
// pending, where WasSignalled finds it. SIGINT does the same and is what this process sends.
constexpr int kHeldBack[] = {SIGTERM, SIGHUP};
constexpr int kEndsMpirun = SIGINT;

[[noreturn]] void Exec(const std::vector<std::string>& command, pid_t launcher, int output, int error_output) {
  prctl(PR_SET_PDEATHSIG, kEndsMpirun);  // ends the job, and removes its files
  setpgid(0, 0);                         // a Ctrl-C in the terminal must reach the launcher alone
  dup2(output, STDOUT_FILENO);
  dup2(error_output, STDERR_FILENO);
  if (getppid() != launcher) std::_Exit(1);
  ResetStopSignals();  // what comes before mpirun has handlers of its own ends this process
  signal(SIGPIPE, SIG_DFL);
  sigset_t held_back;
  sigemptyset(&held_back);
  for (const int sig : kHeldBack) sigaddset(&held_back, sig);
  sigprocmask(SIG_SETMASK, &held_back, nullptr);
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

// Whether one of kHeldBack was sent to the process: a line of its status has the signals that are pending, as bits of a hexadecimal number.
bool WasSignalled(pid_t pid) {
  std::ifstream status(Concat("/proc/", pid, "/status"));
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with("ShdPnd:")) continue;
    const uint64_t pending = std::strtoull(line.c_str() + std::strlen("ShdPnd:"), nullptr, 16);
    return std::any_of(std::begin(kHeldBack), std::end(kHeldBack), [&](int sig) { return (pending >> (sig - 1) & 1) != 0; });
  }
  return false;
}

// Attends one mpirun from its start to its end.
class Attendant {
 public:
  Attendant(pid_t mpirun, int output, int error_output, const std::function<bool()>& job_listens)
      : mpirun_(mpirun),
        job_listens_(job_listens),
        output_(output, STDOUT_FILENO, [](std::string_view bytes) { return std::string(bytes); }),
        error_output_(error_output, STDERR_FILENO,
                      [this](std::string_view bytes) { return bytes.empty() ? filter_.Finish() : filter_.Feed(bytes); }) {}

  // Returns mpirun's wait status.
  int Attend() {
    int status = 0;
    for (;;) {
      Await();
      // Asked before reading: what mpirun wrote last is in the pipes then. Who inherited them may keep them open for longer.
      const bool ended = waitpid(mpirun_, &status, WNOHANG) == mpirun_;
      Relay();
      if (ended) break;
      SeeToWishes();
    }
    output_.End();
    error_output_.End();
    for (Relay(); (output_.holds_back() || error_output_.holds_back()) && StopWished() != StopWish::kAtOnce; Relay()) Await();
    return status;
  }

 private:
  void Await() const {
    pollfd waiting[] = {output_.Awaited(), error_output_.Awaited()};
    poll(waiting, std::size(waiting), kPollMilliseconds);
  }

  void Relay() {
    output_.Turn();
    error_output_.Turn();
    if (output_.reader_left() || error_output_.reader_left()) WishToStop("whoever read the output has left");
  }

  void SeeToWishes() {
    if (!StopRequested() && WasSignalled(mpirun_)) WishToStop("mpirun was sent a signal");
    if (StopRequested() && !passed_on_ && job_listens_()) {
      kill(mpirun_, SIGUSR1);
      passed_on_ = true;
    }
    if (StopWished() != StopWish::kAtOnce) return;
    const int64_t now = NowMillis();
    if (ending_since_ < 0) {
      kill(mpirun_, kEndsMpirun);
      ending_since_ = now;
    } else if (now - ending_since_ > kEndMillis) {
      kill(mpirun_, SIGKILL);
    }
  }

  pid_t mpirun_;
  const std::function<bool()>& job_listens_;
  MpirunOutput filter_;
  OutputRelay output_;
  OutputRelay error_output_;
  bool passed_on_ = false;
  int64_t ending_since_ = -1;
};

}  // namespace

std::vector<std::string> MpirunCommand(const MpirunJob& job) {
  std::vector<std::string> command = {"mpirun", "-np", Concat(job.ranks)};
  const auto add = [&](std::initializer_list<std::string> words) { command.insert(command.end(), words); };
  if (job.hosts) {
    if (!job.hostfile.empty())
      add({"--hostfile", job.hostfile});
    else if (!job.host_list.empty())
      add({"--host", job.host_list});
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

int RunMpirun(const std::vector<std::string>& command, const std::function<bool()>& job_listens) {
  if (StopRequested()) return kExitPreempted;  // nothing runs yet, and what is on disk stays as it is
  std::fflush(stdout);                         // what comes from the job follows on what was said before
  Pipe output;
  Pipe error_output;
  const pid_t self = getpid();
  const pid_t pid = fork();
  TEMPER_CHECK(pid >= 0, "cannot fork: ", std::strerror(errno));
  if (pid == 0) Exec(command, self, output.ends[1], error_output.ends[1]);
  output.Close(1);
  error_output.Close(1);
  const int status = Attendant(pid, output.ends[0], error_output.ends[0], job_listens).Attend();
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : StopRequested() ? kExitPreempted : kExitRetry;
  // Whoever signals every process of a job ends ranks that still load their libraries: nothing was begun, and what is on disk stays.
  const bool ended_before_it_began = StopWished() == StopWish::kInOrder && code != kExitDone && code != kExitConfig && !job_listens();
  return ended_before_it_began ? kExitPreempted : code;
}

}  // namespace temper
