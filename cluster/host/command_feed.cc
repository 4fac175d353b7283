#include "cluster/host/command_feed.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/base/log.h"
#include "cluster/host/no_sigpipe.h"
#include "cluster/host/spawner.h"

extern char** environ;

namespace temper {
namespace {

std::string EndOf(int status) {
  return WIFEXITED(status) ? Concat("it has ended with exit code ", WEXITSTATUS(status))
                           : Concat("it was ended by signal ", WTERMSIG(status));
}

// The actions and attributes of a start, which own memory.
struct SpawnSettings {
  SpawnSettings() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

}  // namespace

void CommandFeed::Start() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return End(Concat("it cannot be started: ", std::strerror(errno)));
  fcntl(ends[1], F_SETFL, O_NONBLOCK);
  SpawnSettings settings;
  const std::string log = options_.log.empty() ? "/dev/null" : options_.log;
  posix_spawn_file_actions_adddup2(&settings.actions, ends[0], STDIN_FILENO);
  posix_spawn_file_actions_addopen(&settings.actions, STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  posix_spawn_file_actions_adddup2(&settings.actions, STDOUT_FILENO, STDERR_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&settings.actions, STDERR_FILENO + 1);
  sigset_t none, usual;
  sigemptyset(&none);
  sigemptyset(&usual);
  for (const int sig : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2}) sigaddset(&usual, sig);
  posix_spawnattr_setsigmask(&settings.attributes, &none);
  posix_spawnattr_setsigdefault(&settings.attributes, &usual);
  posix_spawnattr_setflags(&settings.attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<char*> environment;
  for (char** entry = environ; *entry != nullptr; ++entry)
    if (!IsOfLauncher(*entry)) environment.push_back(*entry);
  environment.push_back(nullptr);
  const char* words[] = {"sh", "-c", options_.command.c_str(), nullptr};
  pid_t pid = -1;
  const int failed =
      posix_spawn(&pid, "/bin/sh", &settings.actions, &settings.attributes, const_cast<char* const*>(words), environment.data());
  close(ends[0]);
  if (failed != 0) {
    close(ends[1]);
    return End(Concat("it cannot be started with its output in ", log, ": ", std::strerror(failed)));
  }
  pid_ = pid;
  pipe_ = ends[1];
}

void CommandFeed::End(const std::string& why) {
  const auto lost = std::count(waiting_.begin(), waiting_.end(), '\n');
  ended_ = lost > 0 ? Concat(why, "; ", lost, " lines before this one are lost with it") : why;
  waiting_.clear();
  if (pipe_ >= 0) close(std::exchange(pipe_, -1));
}

bool CommandFeed::HasEnded() {
  int status = 0;
  if (pid_ <= 0 || waitpid(pid_, &status, WNOHANG) != pid_) return false;
  pid_ = -1;
  End(EndOf(status));
  return true;
}

// A process closes its input a moment before it is gone: how it ended is worth that moment, once.
void CommandFeed::EndOfInput(int error) {
  constexpr int kMoments = 20;
  constexpr useconds_t kMoment = 5'000;
  for (int i = 0; error == EPIPE && i < kMoments; ++i) {
    if (HasEnded()) return;
    usleep(kMoment);
  }
  End(error == EPIPE ? "it has closed its input" : std::strerror(error));
}

void CommandFeed::Drain() {
  const NoSigPipe guard;
  while (pipe_ >= 0 && !waiting_.empty()) {
    const ssize_t count = write(pipe_, waiting_.data(), waiting_.size());
    if (count > 0) {
      waiting_.erase(0, static_cast<size_t>(count));
    } else if (errno == EAGAIN) {
      return;
    } else if (errno != EINTR) {
      EndOfInput(errno);
    }
  }
}

std::string CommandFeed::Put(const std::string& line) {
  if (pid_ < 0 && ended_.empty()) Start();
  if (!ended_.empty() || HasEnded()) return ended_;
  Drain();
  if (ended_.empty() && waiting_.size() + line.size() > options_.max_waiting_bytes)
    return Concat("it does not read: ", waiting_.size(), " bytes wait for it, at most ", options_.max_waiting_bytes, " may");
  if (ended_.empty()) waiting_ += line;
  Drain();
  return ended_;
}

void CommandFeed::Finish() noexcept {
  constexpr int64_t kLookEvery = 10;  // ms
  const int64_t end = NowMillis() + static_cast<int64_t>(options_.finish_s * 1000);
  try {
    while (pipe_ >= 0 && !waiting_.empty() && NowMillis() < end) {
      pollfd ready{pipe_, POLLOUT, 0};
      poll(&ready, 1, static_cast<int>(std::clamp<int64_t>(end - NowMillis(), 0, kLookEvery)));
      Drain();
    }
    const auto left = std::count(waiting_.begin(), waiting_.end(), '\n');
    if (left > 0) TEMPER_LOG(Warn, "the command '", options_.command, "' does not read; ", left, " lines for it are lost");
    if (pipe_ >= 0) close(std::exchange(pipe_, -1));
    waiting_.clear();
    while (pid_ > 0 && !HasEnded() && NowMillis() < end) usleep(kLookEvery * 1000);
    if (pid_ > 0) TEMPER_LOG(Info, "the command '", options_.command, "' (process ", pid_, ") works on after the end of its input");
    if (ended_.empty()) ended_ = "its input has ended";
  } catch (...) {  // no memory for a message: what is told is lost, no more
    if (pipe_ >= 0) close(std::exchange(pipe_, -1));
  }
  pid_ = -1;
}

}  // namespace temper
