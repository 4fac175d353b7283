#include "cluster/host/spawner.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/host/hang_watch.h"
#include "cluster/host/process_title.h"
#include "cluster/host/pulse.h"
#include "cluster/host/stack_dump.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

// A worker that writes its command line and its open descriptors to the file argv[1], then waits for its end.
int Describe(int, char** argv) {
  std::ofstream file(std::string(argv[1]) + ".tmp");
  file << ReadBytes("/proc/self/cmdline") << "\n";
  for (int fd = 3; fd < 64; ++fd)
    if (fcntl(fd, F_GETFD) >= 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0) file << "descriptor " << fd << " is open\n";
  file.close();
  std::rename((std::string(argv[1]) + ".tmp").c_str(), argv[1]);
  for (;;) pause();
}

// A worker that becomes another program.
int Exec(int, char** argv) {
  execv(argv[0], argv);
  return 127;
}

// A worker that lives for half a second, leaving its process id in argv[1], and then hangs; its log is argv[2].
int Hang(int, char** argv) {
  std::ofstream(argv[1], std::ios::app) << getpid() << std::endl;
  DumpStackOnCrash(argv[2]);
  Pulse pulse = Pulse::Inherited();
  for (int i = 0; i < 50; ++i) {
    pulse.Beat();
    usleep(10'000);
  }
  for (;;) pause();
}

// A worker that is well; the second one on stops itself.
int StopItself(int, char** argv) {
  std::ofstream(argv[1], std::ios::app) << getpid() << std::endl;
  DumpStackOnCrash(argv[2]);
  Pulse pulse = Pulse::Inherited();
  for (int i = 0;; ++i) {
    pulse.Beat();
    usleep(10'000);
    if (i == 20) raise(SIGSTOP);
  }
}

// A worker that says once that it lives, and then that what comes takes long.
int Rest(int, char** argv) {
  std::ofstream(argv[1], std::ios::app) << getpid() << std::endl;
  Pulse pulse = Pulse::Inherited();
  pulse.Beat();
  usleep(10'000);
  pulse.Rest();
  for (;;) pause();
}

// The shell commands run by /bin/sh as the worker.
std::vector<std::string> Shell(const std::string& script) { return {"/bin/sh", "-c", script}; }

std::vector<pid_t> PidsIn(const std::string& file) {
  std::istringstream text(ReadBytes(file));
  std::vector<pid_t> pids;
  for (std::string line; std::getline(text, line);) pids.push_back(std::stoi(line));
  return pids;
}

// Dead or only a zombie waiting for its parent.
bool Gone(pid_t pid) {
  std::ifstream file(Concat("/proc/", pid, "/stat"));
  std::string stat;
  std::getline(file, stat);  // no error when the process dies between opening and reading: stat stays empty
  return stat.empty() || stat.find(") Z ") != std::string::npos;
}

TEST(Spawner, StartsAWorkerThatWasKilledAnew) {
  TempFolder folder;
  const std::string pids = folder / "pids";
  Spawner spawner(&Exec);
  spawner.Launch(Shell("echo $$ >> " + pids + "; exec sleep 100"));
  ASSERT_TRUE(Eventually([&] { return PidsIn(pids).size() == 1; }));
  kill(PidsIn(pids)[0], SIGKILL);
  ASSERT_TRUE(Eventually([&] { return PidsIn(pids).size() == 2; }));
  EXPECT_THAT(spawner.Reports(), ElementsAre(Concat("worker ", PidsIn(pids)[0], " died (signal 9), starting it again")));
  EXPECT_THAT(spawner.Reports(), ElementsAre());
  const pid_t second = PidsIn(pids)[1];
  EXPECT_FALSE(Gone(second));
  spawner.Stop();
  EXPECT_TRUE(Gone(second));
}

// Deaths at 0, 0, 1, 1 + 2, 1 + 2 + 4 seconds.
TEST(Spawner, GivesUpAfterFiveDeathsWithBackOff) {
  TempFolder folder;
  const std::string pids = folder / "pids";
  Spawner spawner(&Exec);
  const double start = NowSeconds();
  spawner.Launch(Shell("echo $$ >> " + pids + "; exit 3"));
  std::vector<std::string> lines;
  ASSERT_TRUE(Eventually([&] {
    for (const std::string& line : spawner.Reports()) lines.push_back(line);
    return !lines.empty() && lines.back().starts_with("slot down");
  }));
  EXPECT_GE(NowSeconds() - start, 7.0);
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_THAT(lines[0], HasSubstr("(exit code 3), starting it again"));
  EXPECT_THAT(lines[1], HasSubstr("starting it again in 1000 ms"));
  EXPECT_THAT(lines[2], HasSubstr("starting it again in 2000 ms"));
  EXPECT_THAT(lines[3], HasSubstr("starting it again in 4000 ms"));
  EXPECT_THAT(lines[4], HasSubstr("slot down: worker "));
  EXPECT_THAT(lines[4], HasSubstr("5 deaths within 60 s"));
  usleep(200'000);
  EXPECT_EQ(PidsIn(pids).size(), 5u);
}

TEST(Spawner, AConfigErrorIsNotRetried) {
  Spawner spawner(&Exec);
  spawner.Launch(Shell("exit 78"));
  std::vector<std::string> lines;
  ASSERT_TRUE(Eventually([&] { return !(lines = spawner.Reports()).empty(); }));
  EXPECT_THAT(lines, ElementsAre(HasSubstr("slot down: worker ")));
}

TEST(Spawner, AWorkerThatHangsLeavesItsStackAndIsReplaced) {
  TempFolder folder;
  const std::string pids = folder / "pids", log = folder / "log";
  Spawner spawner(&Hang);
  spawner.Launch({"temper", pids, log}, {}, {.silent_ms = 700});
  ASSERT_TRUE(Eventually([&] { return PidsIn(pids).size() == 2; }));
  const std::vector<std::string> lines = spawner.Reports();
  const std::string first = Concat("worker ", PidsIn(pids)[0]);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[0], AllOf(HasSubstr(first + " hangs: no sign of life for "), HasSubstr(" s (state S")));
  EXPECT_THAT(lines[1], HasSubstr(first + " was ended, starting it again"));
  EXPECT_TRUE(Gone(PidsIn(pids)[0]));
  const std::string text = ReadBytes(log);
  EXPECT_THAT(text, HasSubstr(Concat("signal 6 (aborted, or found hanging): the stack of process ", PidsIn(pids)[0])));
  EXPECT_THAT(text, HasSubstr("pause")) << "the frame that it hangs in is named: " << text;
  EXPECT_EQ(spawner.slot_down(), "");
}

TEST(Spawner, AWorkerThatIsStoppedIsReplacedSooner) {
  TempFolder folder;
  const std::string pids = folder / "pids", log = folder / "log";
  Spawner spawner(&StopItself);
  spawner.Launch({"temper", pids, log}, {}, {.silent_ms = 600'000, .stopped_ms = 500});
  ASSERT_TRUE(Eventually([&] { return PidsIn(pids).size() == 2; }));
  EXPECT_THAT(spawner.Reports().at(0), HasSubstr("has been stopped for "));
  EXPECT_THAT(ReadBytes(log), HasSubstr("signal 6")) << "it was woken up to say where it stood";
}

TEST(Spawner, AWorkerThatSaidThatItTakesLongIsWaitedFor) {
  TempFolder folder;
  const std::string pids = folder / "pids";
  Spawner spawner(&Rest);
  spawner.Launch({"temper", pids}, {}, {.silent_ms = 300, .stopped_ms = 300});
  ASSERT_TRUE(Eventually([&] { return PidsIn(pids).size() == 1; }));
  usleep(1'200'000);
  EXPECT_THAT(spawner.Reports(), ElementsAre());
  EXPECT_FALSE(Gone(PidsIn(pids)[0]));
}

// kill -9 of the spawner: its worker goes with it, and its rank says so within a second.
TEST(Spawner, OneThatDiedIsNoticedAndItsWorkerIsGone) {
  TempFolder folder;
  const std::string pids = folder / "pids";
  Spawner spawner(&Exec);
  spawner.Launch(Shell("printf '%s\\n%s\\n' $$ $PPID > " + pids + "; exec sleep 100"));
  ASSERT_TRUE(Eventually([&] { return PidsIn(pids).size() == 2; }));
  EXPECT_THAT(spawner.Reports(), ElementsAre());
  const std::vector<pid_t> worker_and_spawner = PidsIn(pids);
  kill(worker_and_spawner[1], SIGKILL);
  std::vector<std::string> lines;
  ASSERT_TRUE(Eventually([&] { return !(lines = spawner.Reports()).empty(); }));
  const std::string why = Concat("its spawner ", worker_and_spawner[1], " died (signal 9), and the worker with it");
  EXPECT_THAT(lines, ElementsAre("slot down: " + why));
  EXPECT_EQ(spawner.slot_down(), why);
  EXPECT_TRUE(Eventually([&] { return Gone(worker_and_spawner[0]); }));
  EXPECT_THAT(spawner.Reports(), ElementsAre()) << "once";
  spawner.Stop();
}

// Of a worker that crashes by itself.
TEST(StackDump, ACrashLeavesItsStackAndItsOwnEnd) {
  TempFolder folder;
  const std::string log = folder / "log";
  WriteBytes(log, "a line\n");
  ChildProcess crashing({"--crash", log});
  EXPECT_EQ(crashing.Wait(), 128 + SIGSEGV);
  const std::string text = ReadBytes(log);
  EXPECT_TRUE(text.starts_with("a line\nsignal 11 (crashed): the stack of process ")) << text;
  EXPECT_THAT(text, HasSubstr("spawner_test(+0x"));
  EXPECT_THAT(text, HasSubstr("addr2line"));
}

TEST(HangWatch, WhatTheWatcherDidNotSeeDoesNotCount) {
  Pulse pulse;
  HangWatch watch(&pulse, {.silent_ms = 2'000});
  watch.Begin(0);
  EXPECT_EQ(watch.Look(getpid(), 900), "") << "it has not begun";
  pulse.Beat();
  EXPECT_EQ(watch.Look(getpid(), 1'000), "");
  EXPECT_EQ(watch.Look(getpid(), 1'900), "");
  EXPECT_EQ(watch.Look(getpid(), 60'000), "") << "the watcher was stopped for most of that";
  EXPECT_EQ(watch.Look(getpid(), 61'000), "");
  EXPECT_THAT(watch.Look(getpid(), 61'200), HasSubstr("hangs: no sign of life for 2.1 s (state "));
  pulse.Beat();
  EXPECT_EQ(watch.Look(getpid(), 61'300), "");
}

TEST(Spawner, AWorkerThatLeftIsNotStartedAgain) {
  TempFolder folder;
  const std::string pids = folder / "pids";
  Spawner spawner(&Exec);
  spawner.Launch(Shell("echo $$ >> " + pids));
  ASSERT_TRUE(Eventually([&] { return PidsIn(pids).size() == 1; }));
  usleep(300'000);
  EXPECT_EQ(PidsIn(pids).size(), 1u);
  EXPECT_THAT(spawner.Reports(), ElementsAre());
}

TEST(Spawner, AProgramThatIsNotThereGivesTheSlotUp) {
  Spawner spawner(&Exec);
  spawner.Launch({"/no/such/program"});
  std::vector<std::string> lines;
  ASSERT_TRUE(Eventually([&] { return !(lines = spawner.Reports()).empty(); }));
  EXPECT_THAT(lines[0], HasSubstr("(exit code 127)"));
}

TEST(Spawner, TheWorkerSeesNothingOfTheLauncher) {
  TempFolder folder;
  setenv("OMPI_COMM_WORLD_RANK", "3", 1);
  setenv("PMIX_RANK", "3", 1);
  setenv("PMI_SIZE", "4", 1);
  setenv("TEMPER_TEST_KEPT", "yes", 1);
  Spawner spawner(&Exec);
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_SIZE"}) unsetenv(name);
  const std::string path = folder / "environment";
  spawner.Launch(Shell("env > " + path + ".tmp; mv " + path + ".tmp " + path));
  ASSERT_TRUE(Eventually([&] { return access(path.c_str(), F_OK) == 0; }));
  const std::string environment = "\n" + ReadBytes(path);
  EXPECT_THAT(environment, HasSubstr("\nTEMPER_TEST_KEPT=yes\n"));
  for (const char* prefix : {"\nOMPI_", "\nPMIX_", "\nPMI_", "\nORTE_", "\nOPAL_"}) {
    EXPECT_EQ(environment.find(prefix), std::string::npos) << prefix;
  }
}

TEST(Spawner, AWorkerDeafToTermIsKilledAfterTheGrace) {
  TempFolder folder;
  const std::string pids = folder / "pids";
  Spawner spawner(&Exec);
  spawner.Launch(Shell("trap '' TERM; echo $$ >> " + pids + "; while :; do sleep 0.1; done"));
  ASSERT_TRUE(Eventually([&] { return PidsIn(pids).size() == 1; }));
  const double start = NowSeconds();
  spawner.Stop();
  EXPECT_TRUE(Gone(PidsIn(pids)[0]));
  EXPECT_GE(NowSeconds() - start, 1.9);
  EXPECT_LT(NowSeconds() - start, 10.0);
}

// As when a job finds a mistake in its data before the workers have begun.
TEST(Spawner, StopRightAfterLaunchEndsTheWorkerAtOnce) {
  for (int i = 0; i < 10; ++i) {
    Spawner spawner(&Exec);
    spawner.Launch({"/bin/sleep", "100"});
    const double start = NowSeconds();
    spawner.Stop();
    ASSERT_LT(NowSeconds() - start, 1.5) << "the worker was killed after its grace of 2 s: it never saw the SIGTERM";
  }
}

TEST(Spawner, StopBeforeLaunchEnds) {
  Spawner spawner(&Exec);
  spawner.Stop();
  spawner.Stop();
}

TEST(Spawner, AWorkerHasItsOwnCommandLineAndNothingThatExecWouldClose) {
  TempFolder folder;
  const std::string path = folder / "description";
  const int kept = open("/dev/null", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(kept, 3);
  Spawner spawner(&Describe);
  spawner.Launch({"temper", path, "worker", "--role", "rollout"});
  ASSERT_TRUE(Eventually([&] { return access(path.c_str(), F_OK) == 0; }));
  const std::string text = ReadBytes(path);
  EXPECT_TRUE(text.starts_with("temper " + path + " worker --role rollout")) << text;
  EXPECT_EQ(text.find("is open"), std::string::npos) << text;
  close(kept);
}

// The rank is killed -9: neither the spawner nor the worker may outlive it.
TEST(Spawner, TheWorkerDiesWithTheRank) {
  TempFolder folder;
  const std::string pids = folder / "pids";
  ChildProcess rank({"--rank", pids});
  ASSERT_TRUE(Eventually([&] { return PidsIn(pids).size() == 2; }));
  const std::vector<pid_t> worker_and_spawner = PidsIn(pids);
  for (const pid_t pid : worker_and_spawner) EXPECT_FALSE(Gone(pid));
  rank.Kill();
  for (const pid_t pid : worker_and_spawner) EXPECT_TRUE(Eventually([&] { return Gone(pid); })) << pid;
}

int RunRank(const std::string& pids) {
  alarm(60);
  Spawner spawner(&Exec);
  spawner.Launch(Shell("printf '%s\\n%s\\n' $$ $PPID > " + pids + "; exec sleep 100"));
  for (;;) pause();
}

int Crash(const std::string& log) {
  DumpStackOnCrash(log);
  raise(SIGSEGV);
  return 0;
}

}  // namespace
}  // namespace temper

int main(int argc, char** argv) {
  temper::KeepProcessTitle(argc, argv);
  if (argc == 3 && std::string(argv[1]) == "--rank") return temper::RunRank(argv[2]);
  if (argc == 3 && std::string(argv[1]) == "--crash") return temper::Crash(argv[2]);
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
