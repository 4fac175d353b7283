#include "reward/remote/child_start.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cluster/base/error.h"
#include "cluster/host/spawner.h"

namespace temper {
namespace {

// Both ends of a pipe, closed with the object unless they are taken.
struct Pipe {
  int read = -1;
  int write = -1;
  Pipe() = default;
  ~Pipe() {
    for (const int fd : {read, write})
      if (fd >= 0) close(fd);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  bool Open() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    read = ends[0];
    write = ends[1];
    return true;
  }
};

// This process's end, which no longer blocks.
int TakeEnd(int* fd) {
  fcntl(*fd, F_SETFL, fcntl(*fd, F_GETFL) | O_NONBLOCK);
  const int taken = *fd;
  *fd = -1;
  return taken;
}

// What the child needs between fork and exec, made before: afterwards it may allocate nothing, since other threads of this process may hold
// locks.
struct Prepared {
  explicit Prepared(const ChildOptions& options) {
    for (const std::string& word : options.argv) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    for (const auto& [name, value] : options.environment) variables.push_back(name + "=" + value);
    for (std::string& variable : variables) environment.push_back(variable.data());
    environment.push_back(nullptr);
  }
  std::vector<char*> argv, environment;
  std::vector<std::string> variables;
};

void Limit(int resource, int64_t value) {
  const rlimit limit{static_cast<rlim_t>(value), static_cast<rlim_t>(value)};
  if (value > 0) setrlimit(static_cast<__rlimit_resource_t>(resource), &limit);
}

[[noreturn]] void Execute(const ChildOptions& options, const Prepared& prepared, pid_t parent, int failure) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int sig : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD}) signal(sig, SIG_DFL);
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  Limit(RLIMIT_AS, options.memory_bytes);
  Limit(RLIMIT_NOFILE, options.open_files);
  if (options.folder.empty() || chdir(options.folder.c_str()) == 0)
    execvpe(prepared.argv[0], prepared.argv.data(), prepared.environment.data());
  const int error = errno;
  if (write(failure, &error, sizeof(error)) < 0) _exit(126);
  _exit(127);
}

}  // namespace

StartedChild StartChild(const ChildOptions& options) {
  TEMPER_CHECK(!options.argv.empty(), "a child process needs a program");
  StartedChild started;
  Pipe input, output, errors, failure;
  if (!input.Open() || !output.Open() || !errors.Open() || !failure.Open()) {
    started.error = Concat("no pipe: ", std::strerror(errno));
    return started;
  }
  const Prepared prepared(options);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) {
    started.error = Concat("no process: ", std::strerror(errno));
    return started;
  }
  if (pid == 0) {
    // Copies carry no close-on-exec flag; `failure` keeps its own and so ends with exec.
    if (dup2(input.read, STDIN_FILENO) < 0 || dup2(output.write, STDOUT_FILENO) < 0 || dup2(errors.write, STDERR_FILENO) < 0) _exit(126);
    close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    Execute(options, prepared, parent, failure.write);
  }
  setpgid(pid, pid);  // as the child does: whoever comes first
  started.pid = pid;
  started.input = TakeEnd(&input.write);
  started.output = TakeEnd(&output.read);
  started.errors = TakeEnd(&errors.read);
  started.failure = TakeEnd(&failure.read);
  return started;
}

bool IsOfTheJob(const std::string& variable) { return variable.starts_with("TEMPER_") || IsOfLauncher(variable); }

std::map<std::string, std::string> ChildEnvironment(const std::vector<std::string>& pass, const std::map<std::string, std::string>& set) {
  std::map<std::string, std::string> environment = set;
  environment.emplace("PYTHONUNBUFFERED", "1");
  std::vector<std::string> names = {"PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "CUDA_VISIBLE_DEVICES"};
  names.insert(names.end(), pass.begin(), pass.end());
  for (const std::string& name : names) {
    const char* value = std::getenv(name.c_str());
    if (value != nullptr && !IsOfTheJob(name)) environment.emplace(name, value);
  }
  return environment;
}

}  // namespace temper
