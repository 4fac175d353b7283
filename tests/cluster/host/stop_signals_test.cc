// Each test asks a process of its own to stop: what becomes of the signals is chosen once a process.
#include "cluster/host/stop_signals.h"

#include <gmock/gmock.h>
#include <signal.h>
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
  for (const int sig : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) {
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

constexpr useconds_t kMoreThanOneWish = 1'100'000;
constexpr char kAnswer[] = "^temper: stopping at the end of this step, with a checkpoint; once more to stop at once\n$";
constexpr char kLaunchersAnswer[] = "^temper launch: stopping at the end of this step, with a checkpoint; once more to stop at once\n$";

// timeout(1), supervisors and Slurm send two.
TEST(StopSignals, ABurstOfAnyKindsIsOneWishThatIsAnsweredOnce) {
  for (const int first : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) {
    for (const int second : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) {
      for (const bool launcher : {false, true}) {
        EXPECT_EXIT(
            {
              launcher ? NoteStopSignals() : StopAtStopSignal();
              raise(first);
              raise(second);
              raise(first);
              Expect(StopWished() == StopWish::kInOrder, 1);
              _exit(0);
            },
            ExitedWithCode(0),
            launcher                                ? kLaunchersAnswer
            : first == SIGUSR1 && second == SIGUSR1 ? "^$"
                                                    : kAnswer)
            << first << " " << second << " " << launcher;
      }
    }
  }
}

TEST(StopSignals, OneThatComesASecondAfterTheAnswerEndsTheJob) {
  for (const int sig : {SIGTERM, SIGINT, SIGHUP}) {
    EXPECT_EXIT(
        {
          StopAtStopSignal();
          raise(sig);
          usleep(kMoreThanOneWish);
          raise(sig);
          _exit(2);
        },
        ExitedWithCode(kExitRetry), kAnswer);
  }
}

// A launcher's USR1 was answered by the launcher, not here: what comes later is the first that this process answers.
TEST(StopSignals, Usr1NeitherEndsTheJobNorCountsAsAnswered) {
  EXPECT_EXIT(
      {
        StopAtStopSignal();
        raise(SIGUSR1);
        usleep(kMoreThanOneWish);
        raise(SIGUSR1);
        raise(SIGTERM);
        Expect(StopWished() == StopWish::kInOrder, 1);
        usleep(kMoreThanOneWish);
        raise(SIGUSR1);
        raise(SIGTERM);
        _exit(2);
      },
      ExitedWithCode(kExitRetry), kAnswer);
}

TEST(StopSignals, TheLauncherIsToldOfALaterOneAndLivesOn) {
  EXPECT_EXIT(
      {
        NoteStopSignals();
        Expect(!StopRequested(), 1);
        raise(SIGINT);
        Expect(StopWished() == StopWish::kInOrder, 2);
        usleep(kMoreThanOneWish);
        raise(SIGINT);
        Expect(StopWished() == StopWish::kAtOnce, 3);
        raise(SIGINT);
        _exit(0);
      },
      ExitedWithCode(0), kLaunchersAnswer);
}

TEST(StopSignals, AWishOfItsOwnIsAWishLikeAnyOther) {
  EXPECT_EXIT(
      {
        NoteStopSignals();
        WishToStop("the reader has left");
        WishToStop("another reason");
        raise(SIGTERM);
        Expect(StopWished() == StopWish::kInOrder, 1);
        usleep(kMoreThanOneWish);
        raise(SIGTERM);
        Expect(StopWished() == StopWish::kAtOnce, 2);
        _exit(0);
      },
      ExitedWithCode(0),
      "^temper launch: the reader has left: stopping at the end of this step, with a checkpoint; a signal stops it at once\n$");
}

TEST(StopSignals, ProcessesUnderNohupOutliveTheTerminal) {
  for (const bool launcher : {false, true}) {
    EXPECT_EXIT(
        {
          signal(SIGHUP, SIG_IGN);
          launcher ? NoteStopSignals() : StopAtStopSignal();
          raise(SIGHUP);
          Expect(!StopRequested(), 1);
          raise(SIGTERM);
          Expect(StopRequested(), 2);
          _exit(0);
        },
        ExitedWithCode(0), "");
  }
}

TEST(StopSignals, WhatIsHeldBackIsDeliveredToTheWayThatIsChosen) {
  EXPECT_EXIT(
      {
        HoldStopSignals();
        raise(SIGTERM);
        raise(SIGUSR1);
        Expect(!StopRequested(), 1);
        NoteStopSignals();
        Expect(StopWished() == StopWish::kInOrder, 2);
        _exit(0);
      },
      ExitedWithCode(0), kLaunchersAnswer);
  EXPECT_EXIT(
      {
        HoldStopSignals();
        raise(SIGHUP);
        ReleaseStopSignals();
        _exit(2);
      },
      KilledBySignal(SIGHUP), "");
}

TEST(StopSignals, WhatIsIgnoredIsNoWishAndWhatIsResetEndsTheProcess) {
  for (const int sig : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) {
    EXPECT_EXIT(
        {
          IgnoreStopSignals();
          raise(sig);
          Expect(!StopRequested(), 1);
          ResetStopSignals();
          raise(sig);
          _exit(2);
        },
        KilledBySignal(sig), "");
  }
}

}  // namespace
}  // namespace temper
