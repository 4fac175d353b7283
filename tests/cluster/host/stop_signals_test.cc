// Each test asks a process of its own to stop: what becomes of the signals is chosen once a process.
#include "cluster/host/stop_signals.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cluster/base/error.h"

namespace temper {
namespace {

using ::testing::ExitedWithCode;
using ::testing::KilledBySignal;

// In a process that is about to end: it ends with the code of what did not hold.
void Expect(bool holds, int code) {
  if (!holds) _exit(code);
}

TEST(StopSignals, TheFirstOfAnyKindAsksTheJobToStop) {
  for (const int sig : {SIGTERM, SIGINT, SIGUSR1}) {
    EXPECT_EXIT(
        {
          StopAtStopSignal();
          Expect(!StopRequested(), 1);
          raise(sig);
          Expect(StopRequested(), 2);
          _exit(0);
        },
        ExitedWithCode(0), "")
        << sig;
  }
}

// mpirun and Slurm may deliver one request twice.
TEST(StopSignals, ASecondAtOnceIsTheSameRequestAndALaterOneEndsTheJob) {
  EXPECT_EXIT(
      {
        StopAtStopSignal();
        raise(SIGUSR1);
        raise(SIGTERM);
        Expect(NumStopSignals() == 2, 1);
        usleep(1'100'000);
        raise(SIGUSR1);
        _exit(2);
      },
      ExitedWithCode(kExitRetry), "");
}

TEST(StopSignals, WhatIsIgnoredIsNotCountedAndWhatIsResetEndsTheProcess) {
  EXPECT_EXIT(
      {
        IgnoreStopSignals();
        raise(SIGTERM);
        Expect(NumStopSignals() == 0, 1);
        ResetStopSignals();
        raise(SIGINT);
        _exit(2);
      },
      KilledBySignal(SIGINT), "");
}

// A child, ready for signals, that ends with 1 on SIGUSR1 and with 2 on SIGTERM.
pid_t StartChild(void (*on_usr1)(int) = [](int) { _exit(1); }) {
  int ready[2];
  Expect(pipe(ready) == 0, 10);
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGUSR1, on_usr1);
    signal(SIGTERM, [](int) { _exit(2); });
    (void)!write(ready[1], "r", 1);
    for (;;) pause();
  }
  char byte = 0;
  Expect(read(ready[0], &byte, 1) == 1, 11);
  return child;
}

int EndOf(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST(StopSignals, TheLauncherPassesTheFirstOnAsUsr1AndLaterOnesAsTerm) {
  EXPECT_EXIT(
      {
        PassStopSignalsOn();
        const pid_t first = StartChild();
        PassStopSignalsTo(first);
        raise(SIGTERM);
        Expect(EndOf(first) == 1, 1);
        const pid_t second = StartChild();
        PassStopSignalsTo(-1);
        raise(SIGINT);  // to nobody
        Expect(kill(second, 0) == 0 && NumStopSignals() == 2, 2);
        PassStopSignalsTo(second);  // what came before is passed on now
        Expect(EndOf(second) == 1, 3);
        _exit(0);
      },
      ExitedWithCode(0), "");
  EXPECT_EXIT(
      {
        PassStopSignalsOn();
        const pid_t child = StartChild(/*on_usr1=*/SIG_IGN);
        PassStopSignalsTo(child);
        raise(SIGINT);
        raise(SIGINT);
        Expect(EndOf(child) == 2, 1);
        _exit(0);
      },
      ExitedWithCode(0), "");
}

}  // namespace
}  // namespace temper
