#include "cluster/host/stop_signals.h"

#include <atomic>
#include <cerrno>

#include <signal.h>
#include <unistd.h>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"

namespace temper {
namespace {

constexpr int kStopSignals[] = {SIGTERM, SIGINT, SIGUSR1};
constexpr int64_t kOneRequest = 1000;  // milliseconds

std::atomic<int> g_signals{0};
std::atomic<int64_t> g_first_at{0};
std::atomic<pid_t> g_child{-1};

// mpirun and Slurm may deliver one request twice within moments: only a later one means "now".
void CountOrExit(int) {
  const int64_t now = NowMillis();
  if (g_signals.fetch_add(1) == 0) {
    g_first_at = now;
  } else if (now - g_first_at > kOneRequest) {
    _exit(kExitRetry);
  }
}

// SIGUSR1 is passed on by mpirun at once and kills nothing; what mpirun makes of SIGTERM leaves no time for a checkpoint.
void CountAndPassOn(int) {
  const int saved = errno;
  const int count = ++g_signals;
  const pid_t child = g_child;
  if (child > 0) kill(child, count > 1 ? SIGTERM : SIGUSR1);
  errno = saved;
}

void Handle(void (*handler)(int)) {
  for (const int sig : kStopSignals) {
    struct sigaction action {};
    action.sa_handler = handler;
    sigaction(sig, &action, nullptr);
  }
}

}  // namespace

void StopAtStopSignal() { Handle(&CountOrExit); }

void PassStopSignalsOn() { Handle(&CountAndPassOn); }

void PassStopSignalsTo(pid_t child) {
  g_child = child;
  if (child > 0 && g_signals > 0) kill(child, SIGUSR1);
}

void IgnoreStopSignals() { Handle(SIG_IGN); }

void ResetStopSignals() { Handle(SIG_DFL); }

int NumStopSignals() { return g_signals; }

}  // namespace temper
