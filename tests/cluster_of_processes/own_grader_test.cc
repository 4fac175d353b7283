// The grader of docs/graders/command.md steers a run, and the run does not care when its process is killed.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/cluster_of_processes/tiny_job.h"

namespace temper::testing {
namespace {

constexpr int64_t kSteps = 4;

std::string ExampleProgram() {
  const std::string text = ReadText(TEMPER_SOURCE_DIR "/docs/graders/command.md");
  const size_t from = text.find("```python\n") + 10;
  return text.substr(from, text.find("```", from) - from);
}

void Write(const std::string& path, const std::string& text) {
  FILE* file = fopen(path.c_str(), "w");
  ASSERT_NE(file, nullptr);
  fwrite(text.data(), 1, text.size(), file);
  fclose(file);
}

// tiny.yaml with that grader. Its command line names the run's folder, as those of the run's other processes do.
std::unique_ptr<TinyJob> JobWithOwnGrader(const std::string& name) {
  auto job = std::make_unique<TinyJob>(name, std::vector<std::string>{"rl.steps=4", "sft.steps=150", "run.seed=5"});
  job->config = job->dir() + "/job.yaml";
  Write(job->dir() + "/my_grader.py", ExampleProgram());
  Write(job->config, std::string("defaults: [") + TEMPER_SOURCE_DIR +
                         "/tests/cluster_of_processes/tiny.yaml]\n"
                         "reward:\n  graders:\n    - name: mine\n      type: command\n      gives: [safety, helpfulness_direct]\n"
                         "      command: [python3, my_grader.py, " +
                         job->dir() + "]\n      files: my_grader.py\n");
  return job;
}

std::vector<pid_t> GradersOf(const TinyJob& job) {
  std::vector<pid_t> graders;
  for (const ProcessInfo& process : ProcessesWith(job.dir()))
    if (process.command.size() > 1 && process.command[1] == "my_grader.py") graders.push_back(process.pid);
  return graders;
}

TEST(OwnGraderJob, ItSteersARunThatGoesOnWhenItIsKilled) {
  const auto undisturbed = JobWithOwnGrader("own");
  ASSERT_EQ(undisturbed->Run(4), 0);
  ExpectComplete(*undisturbed, kSteps, 4);

  const auto disturbed = JobWithOwnGrader("own");
  const auto process = disturbed->StartMpirun(4);
  ASSERT_TRUE(disturbed->HoldAtRlStep(1)) << process->Output();
  const std::vector<pid_t> graders = GradersOf(*disturbed);
  EXPECT_EQ(graders.size(), 1U);
  for (const pid_t pid : graders) kill(pid, SIGKILL);
  disturbed->Release();
  ASSERT_EQ(disturbed->Finish(process.get()), 0);
  ExpectComplete(*disturbed, kSteps, 4);
  EXPECT_EQ(disturbed->Weights(), undisturbed->Weights()) << "a grader that was killed changed the numbers";
}

TEST(OwnGraderJob, ItIsGoneWithARewardWorkerThatIsKilled) {
  const auto job = JobWithOwnGrader("gone");
  const auto process = job->StartMpirun(4);
  ASSERT_TRUE(job->HoldAtRlStep(1)) << process->Output();
  const std::vector<pid_t> before = GradersOf(*job);
  ASSERT_EQ(before.size(), 1U);
  for (const pid_t pid : job->Workers("reward")) kill(pid, SIGKILL);
  EXPECT_TRUE(WaitUntil([&] { return kill(before[0], 0) != 0; }, Seconds(10)));
  job->Release();
  ASSERT_EQ(job->Finish(process.get()), 0);
  ExpectComplete(*job, kSteps, 4);
}

}  // namespace
}  // namespace temper::testing
