// What `temper launch` adds to mpirun: it says what the job said, and cleans up after it.
#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>
#include <signal.h>

#include "tests/cluster_of_processes/recovery_job.h"

namespace temper::testing {
namespace {

namespace fs = std::filesystem;

constexpr Seconds kSoon(20);
constexpr int kConfigError = 78;

// A job whose shared memory and temporary files lie in the test's own folder.
class LaunchedJob : public TinyJob {
 public:
  explicit LaunchedJob(const std::string& name, const std::vector<std::string>& changes = {}) : TinyJob(name, changes) {
    fs::create_directories(dir() + "/tmp");
    overrides.push_back("cluster.weight_folder=" + dir() + "/shm");
    setenv("TMPDIR", (dir() + "/tmp").c_str(), 1);
  }
  ~LaunchedJob() { unsetenv("TMPDIR"); }

  // Files and folders of MPI's that are there, by name.
  std::vector<std::string> LeftByMpi() const {
    std::vector<std::string> left;
    for (const std::string folder : {"/shm", "/tmp"}) {
      std::error_code none;
      for (auto it = fs::recursive_directory_iterator(dir() + folder, none); !none && it != fs::end(it); it.increment(none)) {
        const std::string name = it->path().filename();
        for (const char* mark : {"temper-mpi-", "vader_segment", "ompi."}) {
          if (name.starts_with(mark)) left.push_back(name);
        }
      }
    }
    return left;
  }
  bool Has(const std::string& mark) const {
    for (const std::string& name : LeftByMpi()) {
      if (name.starts_with(mark)) return true;
    }
    return false;
  }
  pid_t Mpirun() const {
    for (const ProcessInfo& process : ProcessesWith(dir())) {
      if (process.name == "mpirun" || process.name == "orterun") return process.pid;
    }
    return 0;
  }
};

TEST(Launch, EndsWithTheJobsOwnErrorAndNothingElse) {
  LaunchedJob job("bad", {"reward.policy_spec=/nowhere/spec.yaml"});
  const auto process = job.StartLaunch();
  EXPECT_EQ(job.Finish(process.get(), kSoon), kConfigError);
  EXPECT_EQ(job.output(), "temper: /nowhere/spec.yaml: cannot read the policy spec: No such file or directory\n");
  EXPECT_EQ(job.LeftByMpi().size(), 0U) << job.LeftByMpi()[0];
}

TEST(Launch, GivesUpWithoutACheckpointAndSaysSoLast) {
  LaunchedJob job("never", {"cluster.start_timeout_s=0.01"});  // no start ever works
  const auto process = job.StartLaunch();
  EXPECT_EQ(job.Finish(process.get(), Seconds(60)), 75);
  EXPECT_EQ(CountOf("starting it again", job.output()), 3);
  const std::string last = "temper launch: gave up after 3 restarts without a new checkpoint (last exit code 75); see ";
  EXPECT_EQ(job.output().substr(job.output().rfind('\n', job.output().size() - 2) + 1), last + job.folder() + "/logs/latest\n")
      << job.output();
  EXPECT_EQ(CountOf(std::string(74, '-'), job.output()), 0) << job.output();
}

TEST(Launch, SaysThatMpirunIsMissing) {
  LaunchedJob job("bad");
  const std::string path = std::getenv("PATH");
  setenv("PATH", "/nowhere", 1);
  const auto process = job.StartLaunch();
  EXPECT_EQ(job.Finish(process.get(), kSoon), kConfigError);
  setenv("PATH", path.c_str(), 1);
  EXPECT_EQ(CountOf("temper: cannot start mpirun: is OpenMPI installed?", job.output()), 1) << job.output();
}

TEST(Launch, LeavesNothingOfAJobWhoseMpirunWasKilled) {
  LaunchedJob job("mpirun_killed", RecoveryOverrides());
  const auto process = job.StartLaunch();
  ASSERT_TRUE(job.HoldAtRlStep(4)) << process->Output();
  EXPECT_TRUE(job.Has("vader_segment")) << "MPI keeps its shared memory elsewhere: this test shows nothing";
  EXPECT_TRUE(job.Has("ompi."));
  const pid_t mpirun = job.Mpirun();
  ASSERT_GT(mpirun, 0);
  kill(mpirun, SIGKILL);
  ASSERT_EQ(job.Finish(process.get(), Seconds(60)), 0) << job.output();
  EXPECT_EQ(CountOf("starting it again from the last checkpoint", job.output()), 1);
  EXPECT_EQ(job.LeftByMpi().size(), 0U) << job.LeftByMpi()[0];
  ExpectComplete(job, kRecoverySteps, kRecoveryGroupSize);
}

TEST(Launch, KilledItselfTakesTheJobAlongAndTheNextOneCleansUp) {
  LaunchedJob job("launch_killed", RecoveryOverrides());
  {
    const auto process = job.StartLaunch();
    ASSERT_TRUE(job.HoldAtRlStep(4)) << process->Output();
    process->Signal(SIGKILL);
    EXPECT_EQ(process->Wait(kSoon), 128 + SIGKILL);
    EXPECT_TRUE(WaitUntil([&] { return ProcessesWith(job.dir()).empty(); }, kSoon)) << ProcessesWith(job.dir()).size() << " are left";
  }
  EXPECT_FALSE(job.Has("vader_segment")) << "mpirun had no time to remove its ranks' shared memory";
  EXPECT_TRUE(job.Has("temper-mpi-"));
  const auto process = job.StartLaunch();
  ASSERT_EQ(job.Finish(process.get(), Seconds(60)), 0) << job.output();
  EXPECT_EQ(job.LeftByMpi().size(), 0U) << job.LeftByMpi()[0];
}

// A step that never ends has no edge to stop at.
TEST(Launch, ASecondSignalEndsAStuckJobAtOnce) {
  LaunchedJob job("stuck", RecoveryOverrides());
  const auto process = job.StartLaunch();
  ASSERT_TRUE(job.HoldAtRlStep(5)) << process->Output();
  const pid_t learner = job.Rank(1);
  ASSERT_GT(learner, 0);
  kill(learner, SIGSTOP);
  job.Release();
  process->Signal(SIGINT);
  const std::string said = "temper launch: stopping at the end of this step, with a checkpoint; once more to stop at once\n";
  EXPECT_TRUE(WaitUntil([&] { return CountOf(said, process->Output()) == 1; }, Seconds(5))) << process->Output();
  EXPECT_TRUE(process->RunsFor(Seconds(1.5)));
  process->Signal(SIGINT);
  EXPECT_EQ(job.Finish(process.get(), Seconds(10)), 75);
  EXPECT_EQ(CountOf("mpirun", job.output()), 0) << job.output();
  EXPECT_EQ(CountOf("starting it again", job.output()), 0) << job.output();
  EXPECT_EQ(job.LeftByMpi().size(), 0U) << job.LeftByMpi()[0];
}

}  // namespace
}  // namespace temper::testing
