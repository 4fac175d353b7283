// Whoever asks a job to stop, and however often in a burst, gets a checkpoint of the step it was in, and goes on from there.
#include <algorithm>
#include <filesystem>
#include <utility>

#include <gtest/gtest.h>
#include <signal.h>

#include "tests/cluster_of_processes/recovery_job.h"

namespace temper::testing {
namespace {

namespace fs = std::filesystem;

constexpr Seconds kSoon(30);
constexpr int kPreempted = 85;
constexpr useconds_t kTenthOfASecond = 100'000;

// timeout(1) and supervisors send them without a pause.
void Burst(const JobProcess& process, std::pair<int, int> signals) {
  process.Signal(signals.first);
  process.Signal(signals.second);
  process.Signal(signals.first);
}

void ExpectStoppedInOrder(TinyJob* job, JobProcess* process, const std::string& where) {
  SCOPED_TRACE(where);
  EXPECT_EQ(job->Finish(process, kSoon), kPreempted) << job->output();
  EXPECT_EQ(CountOf("temper launch: stopping at the end of this step, with a checkpoint", job->output()), 1) << job->output();
  EXPECT_EQ(CountOf("starting it again", job->output()), 0) << job->output();
  EXPECT_EQ(CountOf("mpirun", job->output()), 0) << job->output();
}

pid_t MpirunOf(const TinyJob& job) {
  for (const ProcessInfo& process : ProcessesWith(job.dir())) {
    if (process.name == "mpirun" || process.name == "orterun") return process.pid;
  }
  return 0;
}

// Whether the process has come so far that the signal does not kill it: the first thing that the program does, before it loads its
// libraries.
bool HandlesOrHolds(pid_t pid, int sig) {
  for (const std::string& line : ReadLines("/proc/" + std::to_string(pid) + "/status")) {
    const bool mask = line.starts_with("SigCgt:") || line.starts_with("SigBlk:");
    if (mask && (std::stoull(line.substr(7), nullptr, 16) >> (sig - 1) & 1) != 0) return true;
  }
  return false;
}

TEST(Stop, BurstsOfAnyKindAreOneWishInEveryStage) {
  TinyJob job("bursts", RecoveryOverrides());
  {
    const auto process = job.StartLaunch();
    ASSERT_TRUE(job.HoldAtSftStep(20)) << process->Output();
    Burst(*process, {SIGTERM, SIGINT});
    usleep(5 * kTenthOfASecond);
    job.Release();
    ExpectStoppedInOrder(&job, process.get(), "sft");
    EXPECT_GT(job.NewestCheckpoint("sft"), 20);
  }
  int64_t step = 2;
  const std::pair<int, int> kinds[] = {{SIGTERM, SIGTERM}, {SIGUSR1, SIGTERM}, {SIGINT, SIGUSR1}, {SIGHUP, SIGHUP}};
  for (const auto& signals : kinds) {
    const auto process = job.StartLaunch();
    ASSERT_TRUE(job.HoldAtRlStep(step)) << process->Output();
    Burst(*process, signals);
    usleep(2 * kTenthOfASecond);
    Burst(*process, {signals.second, signals.first});
    job.Release();
    ExpectStoppedInOrder(&job, process.get(), "rl, from step " + std::to_string(step));
    const auto rows = static_cast<int64_t>(job.RlRows().size());
    EXPECT_GT(rows, step);
    EXPECT_EQ(job.NewestCheckpoint("main"), rows) << "every step that was done is in the checkpoint";
    step = rows + 2;
  }
  const auto process = job.StartLaunch();
  ASSERT_TRUE(job.HoldWhen([&] {
    return fs::exists(job.folder() + "/main/weights/step_" + std::to_string(kRecoverySteps) + "/config.json");
  })) << process->Output();
  Burst(*process, {SIGTERM, SIGTERM});
  ExpectStoppedInOrder(&job, process.get(), "evaluation, whose workers are held");
  EXPECT_EQ(CountOf("in evaluation set", job.output()), 1) << job.output();
  EXPECT_EQ(job.Finish(job.StartLaunch().get()), 0) << job.output();
  ExpectComplete(job, kRecoverySteps, kRecoveryGroupSize);
  EXPECT_EQ(job.Weights(), UndisturbedWeights());
}

TEST(Stop, InTheFirstMomentsIsNoFailureEither) {
  TinyJob job("moments");
  for (int tenths = 0; tenths <= 8; ++tenths) {
    const auto process = job.StartLaunch();
    ASSERT_TRUE(WaitUntil([&] { return HandlesOrHolds(process->pid(), SIGHUP); }, kSoon));
    usleep(static_cast<useconds_t>(tenths) * kTenthOfASecond);
    Burst(*process, {SIGTERM, SIGUSR1});
    ExpectStoppedInOrder(&job, process.get(), std::to_string(tenths) + " tenths of a second after the start");
  }
}

// As a supervisor may that signals a whole control group: some ranks get it while they load, and have no answer.
TEST(Stop, ASignalToEveryProcessInTheFirstMomentsIsNoFailureEither) {
  TinyJob job("everyone");
  for (int tenths = 0; tenths <= 8; ++tenths) {
    const auto process = job.StartLaunch();
    ASSERT_TRUE(WaitUntil([&] { return HandlesOrHolds(process->pid(), SIGHUP); }, kSoon));
    usleep(static_cast<useconds_t>(tenths) * kTenthOfASecond);
    for (const ProcessInfo& each : ProcessesWith(job.dir())) kill(each.pid, SIGTERM);
    EXPECT_EQ(job.Finish(process.get(), kSoon), kPreempted) << tenths << " tenths of a second after the start\n" << job.output();
    EXPECT_EQ(CountOf("starting it again", job.output()), 0) << job.output();
  }
}

TEST(Stop, AWishWhileTheLauncherWaitsForARestartLosesNothing) {
  TinyJob job("waits", {"cluster.start_timeout_s=0.01"});  // no start ever works
  const auto process = job.StartLaunch();
  ASSERT_TRUE(WaitUntil([&] { return CountOf("starting it again", process->Output()) == 2; }, kSoon)) << process->Output();
  Burst(*process, {SIGTERM, SIGTERM});
  EXPECT_EQ(job.Finish(process.get(), kSoon), kPreempted) << job.output();
  EXPECT_EQ(CountOf("starting it again", job.output()), 2) << job.output();
}

TEST(Stop, KillOfMpirunIsAWishToStop) {
  TinyJob job("mpirun", RecoveryOverrides());
  for (const int sig : {SIGTERM, SIGHUP}) {
    const auto before = static_cast<int64_t>(job.RlRows().size());
    const auto process = job.StartLaunch();
    ASSERT_TRUE(job.HoldAtRlStep(before + 2)) << process->Output();
    kill(MpirunOf(job), sig);
    const std::string said = "temper launch: mpirun was sent a signal: stopping at the end of this step, with a checkpoint";
    EXPECT_TRUE(WaitUntil([&] { return CountOf(said, process->Output()) == 1; }, Seconds(5))) << process->Output();
    job.Release();
    EXPECT_EQ(job.Finish(process.get(), kSoon), kPreempted) << job.output();
    EXPECT_EQ(job.NewestCheckpoint("main"), static_cast<int64_t>(job.RlRows().size()));
    EXPECT_GT(job.NewestCheckpoint("main"), before + 2);
  }
}

// The run is started once and stopped once: the launcher has not taken the missing reader for a fault of the job.
TEST(Stop, AReaderOfTheOutputWhoLeavesStopsTheJobInOrder) {
  const std::string first_step = "| sed -n '/^step:/{p;q}'";  // one that leaves earlier finds nothing to keep
  for (const std::string& reader : {first_step, "2>&1 " + first_step}) {
    TinyJob job("head", RecoveryOverrides());
    std::string words = std::string(TEMPER_BINARY) + " launch " + job.config;
    for (const std::string& word : job.overrides) words += " " + word;
    JobProcess shell({"bash", "-c", words + " " + reader + " > " + job.dir() + "/head.txt; exit ${PIPESTATUS[0]}"},
                     job.dir() + "/shell.txt");
    EXPECT_EQ(job.Finish(&shell, Seconds(60)), kPreempted) << job.output();
    EXPECT_EQ(ReadLines(job.dir() + "/head.txt").size(), 1U);
    EXPECT_EQ(ReadText(job.folder() + "/epoch"), "1\n") << "starts of the job";
    EXPECT_GT(job.NewestCheckpoint("sft") + job.NewestCheckpoint("main"), 0);
  }
}

}  // namespace
}  // namespace temper::testing
