// The scripts `temper launch slurm` writes: word for word, and what they do when a job ends or a signal comes.
#include "orchestrator/launch/slurm_script.h"

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>

#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include "cluster/base/error.h"
#include "tests/support/job_process.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

namespace fs = std::filesystem;
using temper::testing::JobProcess;
using temper::testing::Seconds;
using temper::testing::WaitUntil;
using ::testing::HasSubstr;

SlurmJob Job() {
  SlurmJob job;
  job.name = "quickstart";
  job.program = "/opt/temper/bin/temper";
  job.arguments = {"configs/quickstart.yaml", "run.name=quickstart", "rollout.stop=[\"a b\"]"};
  job.working_folder = "/home/ada/my project";
  job.run_folder = "/shared/runs/quickstart";
  job.launch.cpus_per_rank = 4;
  job.launch.slurm.partition = "gpu";
  job.launch.slurm.account = "safety";
  job.launch.slurm.time = "4:00:00";
  job.launch.slurm.nodes = 2;
  job.launch.slurm.gpus_per_node = 4;
  job.launch.slurm.directives = {"--constraint=h200", "--exclusive"};
  job.launch.slurm.setup = {"module load openmpi/4.1"};
  return job;
}

RoleLayout Layout(int64_t learners, int64_t rollout, int64_t reward) {
  ClusterConfig cluster;
  cluster.learners = learners;
  cluster.rollout_workers = rollout;
  cluster.reward_workers = reward;
  return RoleLayout(cluster, RoleLayout::RanksFor(cluster));
}

// Golden files are read by a person who reviews their difference; TEMPER_UPDATE_GOLDEN=1 writes them again.
void ExpectGolden(const std::string& name, const std::string& text) {
  const std::string path = std::string(TEMPER_SOURCE_DIR) + "/tests/golden/slurm/" + name;
  if (std::getenv("TEMPER_UPDATE_GOLDEN") != nullptr) WriteBytes(path, text);
  EXPECT_EQ(text, ReadBytes(path)) << path;
  const TempFolder folder;
  JobProcess check({"bash", "-n", path}, folder / "output.txt");
  EXPECT_EQ(check.Wait(Seconds(10)), 0) << check.Output();
}

TEST(SlurmScript, OfTwoNodes) { ExpectGolden("two_nodes.sbatch", RenderJobScript(Job(), Layout(3, 3, 1))); }

TEST(SlurmScript, OfGpuAndCpuNodes) {
  SlurmJob job = Job();
  job.launch.slurm.cpu_partition = "cpu";
  job.launch.slurm.cpu_nodes = 2;
  job.resume_folder = "/shared/runs/other/main/checkpoints/step_20";
  ExpectGolden("gpu_and_cpu_nodes.sbatch", RenderJobScript(job, Layout(4, 4, 6)));
}

TEST(SlurmScript, OfWorkersThatJoin) {
  SlurmJob job = Job();
  job.launch.slurm.gpus_per_node = 0;
  ExpectGolden("workers.sbatch", RenderWorkersScript(job, {.rollout = 2, .reward = 1, .rollout_capacity = 10, .reward_capacity = 8}));
}

TEST(SlurmScript, LeavesToSlurmWhatTheConfigLeavesOpen) {
  SlurmJob job = Job();
  job.launch = {};
  const std::string script = RenderJobScript(job, Layout(1, 1, 1));
  for (const char* option : {"--partition", "--account", "--qos", "--time=", "--gpus", "--constraint"}) {
    EXPECT_EQ(script.find(option), std::string::npos) << option;
  }
  EXPECT_THAT(script, HasSubstr("#SBATCH --nodes=1\n#SBATCH --ntasks=4\n#SBATCH --ntasks-per-node=4\n"));
}

TEST(SlurmScript, RanksMustFillTheNodes) {
  SlurmJob job = Job();
  const auto error = [&](int64_t nodes, int64_t ranks_per_node) -> std::string {
    job.launch.slurm.nodes = nodes;
    job.launch.slurm.ranks_per_node = ranks_per_node;
    try {
      RenderJobScript(job, Layout(1, 2, 1));
    } catch (const ConfigError& refused) {
      return refused.what();
    }
    return "no error";
  };
  EXPECT_EQ(error(2, 2),
            "launch.slurm: 5 ranks do not fill 2 nodes with 2 on each; change launch.slurm.nodes, ranks_per_node, or the "
            "numbers of cluster.*");
  EXPECT_THAT(error(4, 3), HasSubstr("5 ranks do not fill 4 nodes with 3 on each"));
  EXPECT_EQ(error(2, 4), "no error");
  EXPECT_EQ(error(2, 0), "no error");
}

TEST(ShellWord, ComesBackFromTheShellAsItWas) {
  const TempFolder folder;
  const std::vector<std::string> words = {"plain", "two words", "it's", "$HOME", "a\"b", "*", "a=[1, 2]", "", "back\\slash", "`x`", "ü"};
  WriteBytes(folder / "script.sh", "printf '%s\\n' " + ShellWords(words) + "\n");
  JobProcess process({"sh", folder / "script.sh"}, folder / "output.txt");
  ASSERT_EQ(process.Wait(Seconds(10)), 0);
  std::string expected;
  for (const std::string& word : words) expected += word + "\n";
  EXPECT_EQ(process.Output(), expected);
}

// A rendered script run by bash, with stand-ins for scontrol (which writes down what it is told) and for the program it starts.
class RunningScript {
 public:
  // `program`: the shell text of what is started in place of temper; `state`: of the job, for Slurm, when it has ended.
  explicit RunningScript(const std::string& program, const std::string& restarts = "0", const std::string& state = "RUNNING") {
    Executable("temper", program);
    Executable("scontrol", "case \"$*\" in\n" + std::string("*hostnames*) echo node1; echo node2;;\n") +
                               "*show*) echo \"JobId=17 JobState=" + state + " Reason=None Restarts=0\";;\n" + "*) echo \"$*\" >> " +
                               folder_ / "scontrol.txt" + ";;\nesac\n");
    SlurmJob job = Job();
    job.program = folder_ / "temper";
    job.working_folder = folder_.path();
    job.launch.slurm.setup = {"PATH=" + folder_.path() + ":$PATH"};
    WriteBytes(folder_ / "job.sbatch", RenderJobScript(job, Layout(1, 1, 1)));
    process_ = std::make_unique<JobProcess>(
        std::vector<std::string>{"env", "SLURM_JOB_ID=17", "SLURM_RESTART_COUNT=" + restarts, "bash", folder_ / "job.sbatch"},
        folder_ / "output.txt");
  }
  std::optional<int> Code() { return process_->Wait(Seconds(20)); }
  std::string ToldSlurm() const { return ReadBytes(folder_ / "scontrol.txt"); }
  void Signal(int signal) const { process_->Signal(signal); }
  bool Wait(const std::string& file) const {
    return WaitUntil([&] { return fs::exists(folder_ / file); }, Seconds(20));
  }
  std::string Output() const { return process_->Output(); }
  std::string Path(const std::string& file) const { return folder_ / file; }
  std::string Read(const std::string& file) const { return ReadBytes(folder_ / file); }

 private:
  void Executable(const std::string& name, const std::string& text) {
    WriteBytes(folder_ / name, "#!/bin/bash\ncd " + folder_.path() + "\n" + text);
    fs::permissions(folder_ / name, fs::perms::owner_all);
  }
  TempFolder folder_;
  std::unique_ptr<JobProcess> process_;
};

TEST(RunningSlurmScript, AFinishedJobIsNotQueuedAgain) {
  RunningScript script("echo \"$*\" > arguments.txt\n");
  EXPECT_EQ(script.Code(), 0);
  EXPECT_EQ(script.ToldSlurm(), "");
  EXPECT_EQ(script.Read("arguments.txt"), "launch mpirun configs/quickstart.yaml run.name=quickstart rollout.stop=[\"a b\"] --np 4\n");
  EXPECT_THAT(script.Output(), HasSubstr("temper: Slurm job 17, attempt 1, on node1 node2\n"));
}

TEST(RunningSlurmScript, ASignalAsksOnceForACheckpointAndTheJobIsQueuedAgain) {
  RunningScript script("trap 'echo asked >> signals.txt' USR1\ntouch started\nuntil [ -e enough ]; do sleep 0.05; done\nexit 85\n", "1");
  ASSERT_TRUE(script.Wait("started"));
  script.Signal(SIGUSR1);
  ASSERT_TRUE(script.Wait("signals.txt"));
  script.Signal(SIGTERM);  // preempted after the warning: must not cut the checkpoint short
  script.Signal(SIGUSR1);
  usleep(300'000);
  WriteBytes(script.Path("enough"), "");
  script.Code();
  EXPECT_EQ(script.Read("signals.txt"), "asked\n");
  EXPECT_EQ(script.ToldSlurm(), "requeue 17\n");
  EXPECT_THAT(script.Output(), HasSubstr("attempt 2, on"));
  EXPECT_THAT(script.Output(), HasSubstr("temper: ended with code 85\n"));
}

TEST(RunningSlurmScript, ACancelledJobIsNotQueuedAgain) {
  RunningScript script("exit 85\n", "0", "COMPLETING");
  EXPECT_EQ(script.Code(), 85);
  EXPECT_EQ(script.ToldSlurm(), "");
}

TEST(RunningSlurmScript, AFailedJobIsQueuedAgainSoManyTimes) {
  RunningScript first("exit 75\n", "8");
  EXPECT_EQ(first.Code(), 75);
  EXPECT_EQ(first.ToldSlurm(), "requeue 17\n");
  RunningScript last("exit 75\n", "9");
  EXPECT_EQ(last.Code(), 75);
  EXPECT_EQ(last.ToldSlurm(), "");
  EXPECT_THAT(last.Output(), HasSubstr("temper: started 10 times (launch.slurm.max_starts)\n"));
  RunningScript mistake("exit 78\n");
  EXPECT_EQ(mistake.Code(), 78);
  EXPECT_EQ(mistake.ToldSlurm(), "");
}

}  // namespace
}  // namespace temper
