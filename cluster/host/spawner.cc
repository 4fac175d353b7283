#include "cluster/host/spawner.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <iterator>

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cluster/base/bytes.h"
#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/host/hang_watch.h"
#include "cluster/host/process_title.h"
#include "cluster/host/stop_signals.h"

extern char** environ;

namespace temper {
bool IsOfLauncher(std::string_view variable) {
  constexpr std::string_view kPrefixes[] = {"OMPI_", "PMIX_", "PMI_", "ORTE_", "OPAL_"};
  return std::any_of(std::begin(kPrefixes), std::end(kPrefixes), [&](std::string_view prefix) { return variable.starts_with(prefix); });
}

namespace {

constexpr int64_t kDeathWindow = 60'000;
constexpr size_t kMaxDeaths = 5;
constexpr int64_t kMaxBackoff = 60'000;
constexpr int64_t kTermGrace = 2'000;
constexpr int64_t kDumpGrace = 2'000;
constexpr int64_t kKillGrace = 2'000;
constexpr int64_t kLookEvery = 200;
constexpr std::string_view kSlotDown = "slot down: ";

// A worker is no rank.
void ScrubEnvironment() {
  std::vector<std::string> names;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (IsOfLauncher(text)) names.push_back(text.substr(0, text.find('=')));
  }
  for (const std::string& name : names) unsetenv(name.c_str());
}

// As exec does.
void CloseWhatIsNotInherited() {
  std::vector<int> open;
  if (DIR* folder = opendir("/proc/self/fd")) {
    while (const dirent* entry = readdir(folder)) open.push_back(std::atoi(entry->d_name));
    closedir(folder);
  }
  for (const int fd : open) {
    const int flags = fcntl(fd, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) != 0) close(fd);
  }
}

// The spawner's whole life, in the forked child. The rank has one thread then, so no lock is held that a worker may want.
class SpawnerLoop {
 public:
  SpawnerLoop(WorkerMain worker_main, int command_fd, int report_fd)
      : worker_main_(worker_main), command_fd_(command_fd), report_fd_(report_fd) {}

  [[noreturn]] void Run() {
    const std::vector<std::string> argv = ReadCommand();
    watch_ = HangWatch(&pulse_, rules_);
    while (!argv.empty()) {
      if (worker_ < 0 && NowMillis() >= start_at_ && !given_up_) Start(argv);
      if (!WaitForParent(20)) break;
      Reap();
      EndIfHung();
    }
    Kill();
    std::_Exit(0);
  }

 private:
  void Report(const std::string& line) {
    const std::string text = line + "\n";
    if (write(report_fd_, text.data(), text.size()) < 0) return;  // the parent is gone: the next poll ends the loop
  }

  // True while the parent lives; false on end of file.
  bool WaitForParent(int timeout_ms) {
    pollfd poll_fd{command_fd_, POLLIN, 0};
    if (poll(&poll_fd, 1, timeout_ms) <= 0) return true;
    char byte;
    return read(command_fd_, &byte, 1) != 0;
  }

  std::vector<std::string> ReadCommand() {
    std::string bytes;
    uint64_t size = 0;
    while (bytes.size() < sizeof(size) + size) {
      char buffer[4096];
      const ssize_t got = read(command_fd_, buffer, sizeof(buffer));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return {};
      bytes.append(buffer, static_cast<size_t>(got));
      if (bytes.size() >= sizeof(size)) std::memcpy(&size, bytes.data(), sizeof(size));
    }
    ByteReader reader(std::string_view(bytes).substr(sizeof(size)));
    std::vector<std::string> argv(reader.GetCount(8));
    for (std::string& word : argv) word = reader.GetString();
    for (uint64_t left = reader.GetCount(8); left > 0; --left) {
      const std::string name = reader.GetString();
      setenv(name.c_str(), reader.GetString().c_str(), 1);
    }
    rules_.silent_ms = reader.Get<int64_t>();
    rules_.stopped_ms = reader.Get<int64_t>();
    return argv;
  }

  void Start(const std::vector<std::string>& argv) {
    const pid_t parent = getpid();
    pulse_.Rest();
    watch_.Begin(NowMillis());
    worker_ = fork();
    if (worker_ < 0) return Failed(Concat("no worker could be forked (", std::strerror(errno), ")"));
    if (worker_ > 0) return;
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) std::_Exit(1);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    ResetStopSignals();
    signal(SIGPIPE, SIG_DFL);
    pulse_.ShareWithProgram();
    CloseWhatIsNotInherited();
    SetProcessTitle(argv);
    std::vector<char*> words;
    words.reserve(argv.size() + 1);
    for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    std::exit(worker_main_(static_cast<int>(argv.size()), words.data()));
  }

  void Reap() {
    if (worker_ < 0) return;
    int status = 0;
    if (waitpid(worker_, &status, WNOHANG) != worker_) return;
    const pid_t pid = worker_;
    worker_ = -1;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
      given_up_ = true;  // it left as asked
      return;
    }
    const std::string how = WIFSIGNALED(status) ? Concat("signal ", WTERMSIG(status)) : Concat("exit code ", WEXITSTATUS(status));
    Failed(Concat("worker ", pid, " died (", how, ")"), WIFEXITED(status) && WEXITSTATUS(status) == kExitConfig);
  }

  // A worker that hangs gets the chance to say where: SIGABRT makes it dump its stack, also after it was stopped.
  void EndIfHung() {
    const int64_t now = NowMillis();
    if (worker_ < 0 || worker_ == killed_ || now < look_at_) return;
    look_at_ = now + kLookEvery;
    const std::string why = watch_.Look(worker_, now);
    if (why.empty()) return;
    const pid_t pid = worker_;
    Report(Concat("worker ", pid, " ", why, ": ended, with its stack in its log"));
    kill(pid, SIGABRT);
    kill(pid, SIGCONT);
    const bool gone = Gone(pid, kDumpGrace);
    kill(-pid, SIGKILL);
    if (!gone && !Gone(pid, kKillGrace)) {
      killed_ = pid;  // Reap will find it
      return Report(Concat("worker ", pid, " was killed and has not ended: it hangs in the kernel; another is started once it has"));
    }
    worker_ = -1;
    Failed(Concat("worker ", pid, " was ended"));
  }

  // Whether the process ends within so long. One that hangs in the kernel, at a disk or a device, does not end even when it is killed.
  static bool Gone(pid_t pid, int64_t limit_ms) {
    for (const int64_t end = NowMillis() + limit_ms;; usleep(5000)) {
      if (waitpid(pid, nullptr, WNOHANG) == pid) return true;
      if (NowMillis() >= end) return false;
    }
  }

  // Starts the worker again, later perhaps; gives up after too many deaths, or where another would be in vain.
  void Failed(const std::string& what, bool in_vain = false) {
    const int64_t now = NowMillis();
    deaths_.push_back(now);
    while (!deaths_.empty() && now - deaths_.front() > kDeathWindow) deaths_.pop_front();
    if (deaths_.size() >= kMaxDeaths || in_vain) {
      given_up_ = true;
      return Report(Concat(kSlotDown, what, ", ", deaths_.size(), " deaths within ", kDeathWindow / 1000, " s"));
    }
    const int64_t backoff = deaths_.size() <= 1 ? 0 : std::min<int64_t>(kMaxBackoff, 1000LL << (deaths_.size() - 2));
    start_at_ = now + backoff;
    Report(Concat(what, ", starting it again", backoff > 0 ? Concat(" in ", backoff, " ms") : ""));
  }

  void Kill() {
    if (worker_ < 0) return;
    const int64_t end = NowMillis() + kTermGrace;
    while (NowMillis() < end) {
      // Again and again: until a worker just forked has come to its own signal handling, it ignores what its spawner ignores.
      kill(-worker_, SIGTERM);
      kill(worker_, SIGTERM);
      if (waitpid(worker_, nullptr, WNOHANG) == worker_) return;
      usleep(5000);
    }
    kill(-worker_, SIGKILL);
    kill(worker_, SIGKILL);
    Gone(worker_, kKillGrace);
  }

  WorkerMain worker_main_;
  int command_fd_;
  int report_fd_;
  Pulse pulse_;
  HangRules rules_;
  HangWatch watch_{&pulse_, rules_};
  int64_t look_at_ = 0;
  pid_t worker_ = -1;
  pid_t killed_ = -1;  // the worker that was killed and has not ended yet
  int64_t start_at_ = 0;
  bool given_up_ = false;
  std::deque<int64_t> deaths_;
};

}  // namespace

Spawner::Spawner(WorkerMain worker_main) {
  int command[2];
  int report[2];
  TEMPER_CHECK(pipe2(command, O_CLOEXEC) == 0 && pipe2(report, O_CLOEXEC) == 0, "spawner: pipe: ", std::strerror(errno));
  const pid_t parent = getpid();
  std::fflush(nullptr);  // or the worker would print it too
  pid_ = fork();
  TEMPER_CHECK(pid_ >= 0, "spawner: fork: ", std::strerror(errno));
  if (pid_ == 0) {
    close(command[1]);
    close(report[0]);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    // The end of file on the command pipe is what ends the spawner, so that it can take its worker along; signals meant for the rank
    // must not reach it.
    IgnoreStopSignals();
    for (const int sig : {SIGUSR2, SIGPIPE}) signal(sig, SIG_IGN);
    if (getppid() != parent) std::_Exit(1);
    ScrubEnvironment();
    SpawnerLoop(worker_main, command[0], report[1]).Run();
  }
  close(command[0]);
  close(report[1]);
  command_fd_ = command[1];
  report_fd_ = report[0];
  fcntl(report_fd_, F_SETFL, O_NONBLOCK);
}

Spawner::~Spawner() { Stop(); }

void Spawner::Launch(const std::vector<std::string>& argv, const std::vector<std::pair<std::string, std::string>>& environment,
                     const HangRules& rules) {
  ByteWriter words;
  words.Put<uint64_t>(argv.size());
  for (const std::string& word : argv) words.PutString(word);
  words.Put<uint64_t>(environment.size());
  for (const auto& [name, value] : environment) {
    words.PutString(name);
    words.PutString(value);
  }
  words.Put(rules.silent_ms);
  words.Put(rules.stopped_ms);
  ByteWriter message;
  message.PutString(words.bytes());
  const std::string& bytes = message.bytes();
  TEMPER_CHECK(write(command_fd_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()), "spawner: ", std::strerror(errno));
}

void Spawner::Stop() {
  if (command_fd_ >= 0) close(command_fd_);
  command_fd_ = -1;
  if (pid_ >= 0) waitpid(pid_, nullptr, 0);
  pid_ = -1;
  if (report_fd_ >= 0) close(report_fd_);
  report_fd_ = -1;
}

std::vector<std::string> Spawner::Reports() {
  int status = 0;
  const bool died = pid_ >= 0 && waitpid(pid_, &status, WNOHANG) == pid_;
  char buffer[4096];
  if (report_fd_ >= 0) {
    for (ssize_t got; (got = read(report_fd_, buffer, sizeof(buffer))) > 0;) pending_.append(buffer, static_cast<size_t>(got));
  }
  if (died) {
    const std::string how = WIFSIGNALED(status) ? Concat("signal ", WTERMSIG(status)) : Concat("exit code ", WEXITSTATUS(status));
    pending_ += Concat(kSlotDown, "its spawner ", pid_, " died (", how, "), and the worker with it\n");
    pid_ = -1;
  }
  std::vector<std::string> lines;
  for (size_t end; (end = pending_.find('\n')) != std::string::npos; pending_.erase(0, end + 1)) lines.push_back(pending_.substr(0, end));
  for (const std::string& line : lines)
    if (line.starts_with(kSlotDown)) slot_down_ = line.substr(kSlotDown.size());
  return lines;
}

}  // namespace temper
