// Whole jobs that nothing disturbs: that they finish, and that their result depends on the config alone.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cluster_of_processes/tiny_job.h"

namespace temper::testing {
namespace {

using ::testing::ElementsAre;

constexpr int64_t kRlSteps = 12;  // of tiny.yaml
constexpr int64_t kSftSteps = 300;
constexpr int64_t kGroupSize = 4;

// Weights of tiny.yaml on four ranks, made once.
const std::string& FourRankWeights() {
  static const std::string weights = [] {
    TinyJob job("four");
    EXPECT_EQ(job.Run(4), 0);
    return job.Weights();
  }();
  return weights;
}

TEST(Job, RunsToItsReportOnFourRanks) {
  TinyJob job("tiny");
  ASSERT_EQ(job.Run(4), 0);
  EXPECT_THAT(job.PrintedLayout(), ElementsAre("orchestrator", "learner", "rollout", "reward"));
  ExpectComplete(job, kRlSteps, kGroupSize);
  EXPECT_EQ(job.Weights(), FourRankWeights()) << "the same command twice must give the same bits";

  const auto sft = job.Rows("sft/metrics.jsonl");
  ASSERT_EQ(sft.size(), static_cast<size_t>(kSftSteps));
  EXPECT_LT(sft.back().at("actor/loss").get<double>(), 0.5 * sft.front().at("actor/loss").get<double>());
  EXPECT_EQ(job.Journal().at("attempts"), 1);
  // Three intents, four prompts each, two completions a prompt; before and after.
  EXPECT_EQ(job.Rows("main/eval/dev.jsonl").size(), 24U);
  EXPECT_EQ(job.Rows("main/eval/start/dev.jsonl").size(), 24U);
  EXPECT_EQ(job.RlRows().back().at("cluster/workers_lost"), 0);
  EXPECT_EQ(CountOf("report: ", job.output()), 1);
  EXPECT_EQ(CountOf("warning", job.output()), 0) << job.output();
}

TEST(Job, RunsOnSixRanksWithTwoLearners) {
  TinyJob job("six", {"cluster.learners=2", "cluster.rollout_workers=2", "cluster.reward_workers=1"});
  ASSERT_EQ(job.Run(6), 0);
  EXPECT_THAT(job.PrintedLayout(), ElementsAre("orchestrator", "learner", "learner", "rollout", "rollout", "reward"));
  ExpectComplete(job, kRlSteps, kGroupSize);
}

TEST(Job, FillsSixRanksByItself) {
  TinyJob job("auto", {"sft.steps=20", "rl.steps=1", "stages=[sft]"});
  ASSERT_EQ(job.Run(6), 0);
  const auto layout = job.PrintedLayout();
  ASSERT_EQ(layout.size(), 6U);
  for (const char* role : {"orchestrator", "learner", "rollout", "reward"}) EXPECT_THAT(layout, ::testing::Contains(role));
}

TEST(Job, RunsUnderLaunchWithoutMpirun) {
  TinyJob job("launched");
  const auto process = job.StartLaunch();
  ASSERT_EQ(job.Finish(process.get()), 0);
  EXPECT_THAT(job.PrintedLayout(), ElementsAre("orchestrator", "learner", "rollout", "reward"));
  ExpectComplete(job, kRlSteps, kGroupSize);
  EXPECT_EQ(job.Weights(), FourRankWeights());
}

// What of a row says how long something took, or what the machine had: all the rest is a number of the run.
bool IsOfTheMachine(const std::string& metric) {
  for (const char* prefix : {"time", "timing_s/", "sys/", "perf/", "grader/latency", "queue/"}) {
    if (metric.starts_with(prefix)) return true;
  }
  return false;
}

std::vector<nlohmann::json> NumbersOf(std::vector<nlohmann::json> rows) {
  for (nlohmann::json& row : rows) {
    nlohmann::json kept;
    for (const auto& [name, value] : row.items()) {
      if (!IsOfTheMachine(name)) kept[name] = value;
    }
    row = kept;
  }
  return rows;
}

TEST(Job, GivesTheSameNumbersInOneProcessAsOnFourRanks) {
  TinyJob ranks("ranks"), single("single");
  ASSERT_EQ(ranks.Run(4), 0);
  const auto process = single.StartInProcess();
  ASSERT_EQ(single.Finish(process.get()), 0);
  EXPECT_THAT(single.PrintedLayout(), ElementsAre("orchestrator", "learner", "rollout", "reward"));
  ExpectComplete(single, kRlSteps, kGroupSize);
  EXPECT_EQ(single.Weights(), ranks.Weights());
  for (const char* file : {"sft/metrics.jsonl", "main/metrics.jsonl", "main/eval_metrics.jsonl"})
    EXPECT_EQ(NumbersOf(single.Rows(file)), NumbersOf(ranks.Rows(file))) << file;
}

TEST(Job, GivesTheSameBitsForTwoRolloutWorkers) {
  TinyJob job("five", {"cluster.learners=1", "cluster.rollout_workers=2"});
  ASSERT_EQ(job.Run(5), 0);
  EXPECT_THAT(job.PrintedLayout(), ElementsAre("orchestrator", "learner", "rollout", "rollout", "reward"));
  ExpectComplete(job, kRlSteps, kGroupSize);
  EXPECT_EQ(job.Weights(), FourRankWeights());
}

TEST(Job, GivesTheSameBitsWhenWeightsTravelOverZeroMq) {
  TinyJob job("zeromq", {"cluster.weight_transport=zeromq"});
  ASSERT_EQ(job.Run(4), 0);
  EXPECT_EQ(job.Weights(), FourRankWeights());
}

TEST(Job, GivesOtherBitsForAnotherSeed) {
  TinyJob job("seed", {"run.seed=4"});
  ASSERT_EQ(job.Run(4), 0);
  EXPECT_NE(job.Weights(), FourRankWeights());
}

TEST(Job, EvaluatesAModelInARunOfItsOwn) {
  TinyJob job("model", {"stages=[sft]", "sft.steps=20"});
  ASSERT_EQ(job.Run(4), 0);
  const std::string model = job.folder() + "/sft/weights/step_20";
  const auto before = ReadText(job.folder() + "/status.json");
  for (int turn = 0; turn < 2; ++turn) {
    JobProcess process({TEMPER_BINARY, "eval", job.config, "--model", model, "run.dir=" + job.dir(), "run.name=model"},
                       job.dir() + "/output.txt");
    ASSERT_EQ(job.Finish(&process), 0) << job.output();
    EXPECT_EQ(job.Rows("../model-eval/main/eval/dev.jsonl").size(), 3U * 4 * 2);  // intents, prompts of each, samples
  }
  EXPECT_TRUE(std::filesystem::exists(job.dir() + "/model-eval.old-1")) << "an evaluation is made again each time";
  EXPECT_EQ(ReadText(job.folder() + "/status.json"), before) << "the run that trained was touched";
}

// Its report would show what was made before as if it were of the new settings.
TEST(Job, DoesNotPassOldResultsOffAsThoseOfOtherSettings) {
  TinyJob job("settings", {"sft.steps=60", "rl.steps=2"});
  ASSERT_EQ(job.Run(4), 0);
  job.overrides.push_back("monitor.traces_per_step=1");  // changes no number
  EXPECT_EQ(job.Run(4), 0);
  job.overrides.push_back("rollout.temperature=2");
  EXPECT_EQ(job.Run(4), 78);
  EXPECT_EQ(CountOf("rollout.temperature is 2, but " + job.folder() + "/main was made with 1; give the run another name", job.output()), 1)
      << job.output();
}

TEST(Job, DoesNothingTwiceWhenItWasDone) {
  TinyJob job("again", {"sft.steps=60", "rl.steps=2"});
  ASSERT_EQ(job.Run(4), 0);
  const std::string weights = job.Weights();
  const auto written = std::filesystem::last_write_time(job.folder() + "/main/weights/step_2/model.safetensors");
  const nlohmann::json before = nlohmann::json::parse(ReadText(job.folder() + "/status.json"));
  ASSERT_EQ(job.Run(4), 0);
  EXPECT_EQ(job.Weights(), weights);
  const nlohmann::json after = nlohmann::json::parse(ReadText(job.folder() + "/status.json"));
  for (const char* key : {"state", "stage", "step", "steps", "policy_version"}) EXPECT_EQ(after[key], before[key]) << key;
  EXPECT_EQ(std::filesystem::last_write_time(job.folder() + "/main/weights/step_2/model.safetensors"), written);
  EXPECT_EQ(CountOf("step:", job.output()), 0) << "no step was left to do:\n" << job.output();
}

class StalenessJob : public ::testing::TestWithParam<int> {};

TEST_P(StalenessJob, NeverTrainsOnOlderTokensThanAllowed) {
  const int bound = GetParam();
  TinyJob job("stale",
              {"rl.max_staleness=" + std::to_string(bound), "run.deterministic=false", "cluster.learners=1", "cluster.rollout_workers=2"});
  ASSERT_EQ(job.Run(5), 0);
  ExpectComplete(job, kRlSteps, kGroupSize);
  double largest = 0;
  for (const auto& row : job.RlRows()) largest = std::max(largest, row.at("off_policy/staleness_max").get<double>());
  EXPECT_LE(largest, bound);
  EXPECT_GE(largest, 1) << "sampling never ran ahead of training: this run shows nothing about staleness";
}

INSTANTIATE_TEST_SUITE_P(Bounds, StalenessJob, ::testing::Values(1, 3));

TEST(Job, EvaluatesATrainedFolderAndStartsFromIt) {
  TinyJob job("trained", {"sft.steps=60", "stages=[sft]"});
  ASSERT_EQ(job.Run(4), 0);
  EXPECT_EQ(CountOf("trained policy of main: " + job.folder() + "/sft/weights/step_60", job.output()), 1) << job.output();
  TinyJob next("next", {"stages=[rl, eval]", "rl.steps=2", "policy.path=" + job.folder() + "/sft/weights/step_60"});
  ASSERT_EQ(next.Run(4), 0);
  EXPECT_EQ(next.RlRows().size(), 2U);
  EXPECT_EQ(next.Rows("main/eval/dev.jsonl").size(), 24U);
}

}  // namespace
}  // namespace temper::testing
