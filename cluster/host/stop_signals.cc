#include "cluster/host/stop_signals.h"

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include <signal.h>
#include <unistd.h>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"

namespace temper {
namespace {

constexpr int kStopSignals[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};
constexpr int64_t kOneWishMillis = 1000;
constexpr int64_t kUnanswered = -1;
constexpr char kJobsAnswer[] = "temper: stopping at the end of this step, with a checkpoint; once more to stop at once\n";
constexpr char kLaunchersAnswer[] = "temper launch: stopping at the end of this step, with a checkpoint; once more to stop at once\n";

std::atomic<StopWish> g_wish{StopWish::kNone};
std::atomic<int64_t> g_answered_at{kUnanswered};

// In a signal handler only. Whether the answer can be read changes nothing.
void Answer(const char* words) {
  (void)!write(STDERR_FILENO, words, std::strlen(words));
  g_answered_at = NowMillis();
}

bool ComesAfterTheAnswer() { return g_answered_at != kUnanswered && NowMillis() - g_answered_at > kOneWishMillis; }

void OnJobsSignal(int sig) {
  const int saved = errno;
  if (sig == SIGUSR1) {
    if (g_wish == StopWish::kNone) g_wish = StopWish::kInOrder;
  } else if (g_answered_at == kUnanswered) {
    g_wish = StopWish::kInOrder;
    Answer(kJobsAnswer);
  } else if (ComesAfterTheAnswer()) {
    _exit(kExitRetry);
  }
  errno = saved;
}

void OnLaunchersSignal(int) {
  const int saved = errno;
  if (g_wish == StopWish::kNone) {
    g_wish = StopWish::kInOrder;
    Answer(kLaunchersAnswer);
  } else if (ComesAfterTheAnswer()) {
    g_wish = StopWish::kAtOnce;
  }
  errno = saved;
}

void Mask(int how) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int sig : kStopSignals) sigaddset(&signals, sig);
  sigprocmask(how, &signals, nullptr);
}

bool IsIgnored(int sig) {
  struct sigaction before {};
  return sigaction(sig, nullptr, &before) == 0 && before.sa_handler == SIG_IGN;
}

// No stop signal interrupts the handler of another.
void Handle(void (*handler)(int), bool keep_ignored_hangup = false) {
  struct sigaction action {};
  action.sa_handler = handler;
  for (const int sig : kStopSignals) sigaddset(&action.sa_mask, sig);
  for (const int sig : kStopSignals) {
    if (sig == SIGHUP && keep_ignored_hangup && IsIgnored(SIGHUP)) continue;
    sigaction(sig, &action, nullptr);
  }
  Mask(SIG_UNBLOCK);
}

}  // namespace

void StopAtStopSignal() { Handle(&OnJobsSignal, /*keep_ignored_hangup=*/true); }

void NoteStopSignals() {
  Handle(&OnLaunchersSignal, /*keep_ignored_hangup=*/true);
  signal(SIGPIPE, SIG_IGN);
}

StopWish StopWished() { return g_wish; }

void WishToStop(const char* reason) {
  StopWish none = StopWish::kNone;
  if (!g_wish.compare_exchange_strong(none, StopWish::kInOrder)) return;
  std::fprintf(stderr, "temper launch: %s: stopping at the end of this step, with a checkpoint; a signal stops it at once\n", reason);
  g_answered_at = NowMillis();
}

void HoldStopSignals() { Mask(SIG_BLOCK); }

void ReleaseStopSignals() { Mask(SIG_UNBLOCK); }

void IgnoreStopSignals() { Handle(SIG_IGN); }

void ResetStopSignals() { Handle(SIG_DFL); }

}  // namespace temper
