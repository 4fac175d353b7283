#include "cluster/host/stack_dump.h"

#include <array>
#include <cstring>

#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

namespace temper {
namespace {

constexpr std::array<int, 5> kSignals = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
constexpr int kMaxFrames = 128;
constexpr size_t kStackBytes = size_t{64} << 10;  // of the handler: the process's own may be what is full

volatile int log_fd = -1;

// Only what is safe in a signal handler: no memory, no locks.
void Put(const char* text) {
  if (write(log_fd, text, std::strlen(text)) < 0) return;
}

void PutNumber(int number) {
  std::array<char, 12> digits{};
  size_t at = digits.size() - 1;
  do {
    digits[--at] = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number > 0 && at > 0);
  Put(digits.data() + at);
}

void OnFault(int signal) {
  Put("signal ");
  PutNumber(signal);
  Put(signal == SIGABRT ? " (aborted, or found hanging)" : " (crashed)");
  Put(": the stack of process ");
  PutNumber(getpid());
  Put(", innermost first\n");
  std::array<void*, kMaxFrames> frames{};
  backtrace_symbols_fd(frames.data(), backtrace(frames.data(), kMaxFrames), log_fd);
  Put("names of the program's frames, FILE(+ADDRESS): addr2line -Cfpe FILE ADDRESS\n");
  raise(signal);  // its own effect: SA_RESETHAND has taken this handler away
}

}  // namespace

void DumpStackOnCrash(const std::string& log_file) {
  const int fd = open(log_file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644);
  if (fd < 0) return;
  const int before = log_fd;
  log_fd = fd;
  if (before >= 0) close(before);
  std::array<void*, 1> frame{};
  backtrace(frame.data(), 1);  // loads what it needs now: a handler cannot
  static std::array<char, kStackBytes> stack;
  const stack_t own{.ss_sp = stack.data(), .ss_flags = 0, .ss_size = stack.size()};
  sigaltstack(&own, nullptr);
  struct sigaction action {};
  action.sa_handler = OnFault;
  action.sa_flags = static_cast<int>(SA_ONSTACK | SA_RESETHAND);
  for (const int signal : kSignals) sigaction(signal, &action, nullptr);
}

}  // namespace temper
