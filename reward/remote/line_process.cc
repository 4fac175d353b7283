#include "reward/remote/line_process.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/base/log.h"
#include "cluster/host/no_sigpipe.h"

namespace temper {
namespace {

constexpr size_t kPieceBytes = size_t{64} << 10;
constexpr int kPiecesAtOnce = 32;      // that are read of one pipe before others have their turn
constexpr int64_t kGraceMillis = 500;  // for a child that is to end by itself
constexpr int64_t kMomentMillis = 100;
constexpr useconds_t kGatherMicros = 300;  // to read several lines at once: one wake-up a line would cost more than the line
constexpr int kLongestPollMillis = 50;     // the end of a child that keeps its pipes open elsewhere is looked for so often
constexpr size_t kForgetBytes = 1 << 20;   // of what was written

void Close(int* fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

}  // namespace

LineProcess::LineProcess(const ChildOptions& options, size_t max_line_bytes) : max_line_bytes_(max_line_bytes) {
  const StartedChild started = StartChild(options);
  pid_ = started.pid;
  input_fd_ = started.input;
  output_.fd = started.output;
  errors_.fd = started.errors;
  failure_fd_ = started.failure;
  if (pid_ < 0) end_ = Concat("it cannot be started: ", started.error);
}

LineProcess::~LineProcess() {
  Close(&input_fd_);
  if (!AwaitReap(kGraceMillis)) {
    Kill("nobody needs it any more");
    if (!AwaitReap(kGraceMillis)) TEMPER_LOG(Warn, "process ", pid_, " was killed and is not gone yet; it is left behind");
  }
  CloseAll();
}

void LineProcess::CloseAll() {
  for (int* fd : {&input_fd_, &output_.fd, &errors_.fd, &failure_fd_}) Close(fd);
}

void LineProcess::Put(std::string_view line) {
  if (!alive()) return;
  input_ += line;
  input_ += '\n';
  put_ += line.size() + 1;
}

void LineProcess::Write() {
  const NoSigPipe guard;
  while (input_fd_ >= 0 && unwritten() > 0) {
    const ssize_t count = write(input_fd_, input_.data() + written_here_, unwritten());
    if (count > 0) {
      written_here_ += static_cast<size_t>(count);
    } else if (errno == EAGAIN) {
      break;
    } else if (errno != EINTR) {
      Close(&input_fd_);  // it reads no more: its end, or its silence, will say why
    }
  }
  if (unwritten() == 0 || written_here_ > kForgetBytes) {
    input_.erase(0, written_here_);
    written_here_ = 0;
  }
}

void LineProcess::Split(Source* source, std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t end = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, end);
    if (!source->cut) {
      source->partial += piece.substr(0, max_line_bytes_ - std::min(max_line_bytes_, source->partial.size()));
      source->cut = source->partial.size() >= max_line_bytes_;
    }
    if (end == std::string_view::npos) return;
    source->lines.push_back(std::exchange(source->partial, {}));
    source->cut = false;
    bytes.remove_prefix(end + 1);
  }
}

void LineProcess::Read(Source* source) {
  char buffer[kPieceBytes];
  for (int i = 0; i < kPiecesAtOnce && source->fd >= 0; ++i) {
    const ssize_t count = read(source->fd, buffer, sizeof(buffer));
    if (count > 0) {
      Split(source, std::string_view(buffer, static_cast<size_t>(count)));
    } else if (count == 0) {
      Close(&source->fd);
    } else if (errno != EINTR) {
      return;
    }
  }
}

std::string LineProcess::FailureText() {
  int error = 0;
  if (failure_fd_ < 0 || read(failure_fd_, &error, sizeof(error)) != sizeof(error)) return "";
  return Concat("it cannot be started: ", std::strerror(error));
}

// The group is killed while its leader is not reaped yet: until then no other group can have its id.
bool LineProcess::Reap() {
  siginfo_t info{};
  if (pid_ <= 0 || waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != pid_) return false;
  kill(-pid_, SIGKILL);
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  Read(&output_);
  Read(&errors_);
  if (!errors_.partial.empty()) errors_.lines.push_back(std::exchange(errors_.partial, {}));
  end_ = killed_.empty() ? FailureText() : Concat("killed: ", killed_);
  if (end_.empty()) end_ = WIFEXITED(status) ? Concat("exit code ", WEXITSTATUS(status)) : Concat("signal ", WTERMSIG(status));
  CloseAll();
  return true;
}

// Whether it is gone within that time.
bool LineProcess::AwaitReap(int64_t millis) {
  const int64_t until = NowMillis() + millis;
  while (alive() && !Reap() && NowMillis() < until) {
    Read(&output_);  // or it would wait for us to read
    Read(&errors_);
    usleep(2000);
  }
  return !alive();
}

void LineProcess::Kill(const std::string& why) {
  if (!alive()) return;
  killed_ = why;
  kill(-pid_, SIGKILL);
  kill(pid_, SIGKILL);
}

void LineProcess::Pump(std::chrono::milliseconds timeout) {
  if (!alive()) return;
  Write();
  const int64_t until = NowMillis() + timeout.count();
  pollfd fds[] = {{output_.fd, POLLIN, 0}, {errors_.fd, POLLIN, 0}, {input_fd_, static_cast<short>(unwritten() > 0 ? POLLOUT : 0), 0}};
  while (poll(fds, 3, static_cast<int>(std::clamp<int64_t>(until - NowMillis(), 0, kLongestPollMillis))) <= 0) {
    if (Reap() || NowMillis() >= until) break;
  }
  if ((fds[2].revents & POLLERR) != 0) Close(&input_fd_);
  if ((fds[0].revents & POLLIN) != 0 && timeout.count() > 0) usleep(kGatherMicros);
  Write();
  Read(&output_);
  Read(&errors_);
  if (output_.fd < 0) AwaitEnd();
  Reap();
}

// A process closes its pipes a moment before it is gone: how it ended is worth that moment, once.
void LineProcess::AwaitEnd() {
  const int64_t until = NowMillis() + kMomentMillis;
  while (alive() && !Reap() && NowMillis() < until) usleep(1000);
  Kill("it has closed its standard output");
}

std::vector<std::string> LineProcess::TakeLines() { return std::exchange(output_.lines, {}); }
std::vector<std::string> LineProcess::TakeErrorLines() { return std::exchange(errors_.lines, {}); }

}  // namespace temper
