// Several arms in one job: what they share is made once, and every composer, estimator and penalty trains in a whole job.
#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>

#include <gtest/gtest.h>

#include "tests/cluster_of_processes/tiny_job.h"

namespace temper::testing {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kSteps = 4;
constexpr int64_t kGroupSize = 4;

// tiny.yaml with arms of its own.
void WriteArms(TinyJob* job, const std::vector<std::pair<std::string, std::string>>& arms) {
  job->config = job->dir() + "/arms.yaml";
  std::ofstream file(job->config);
  file << "defaults: [" << TEMPER_SOURCE_DIR << "/tests/cluster_of_processes/tiny.yaml]\nrl: {steps: " << kSteps << "}\narms:\n";
  for (const auto& [name, overrides] : arms) file << "  " << name << ": {" << overrides << "}\n";
}

TEST(Arms, ShareTheSftAndItsEvaluation) {
  TinyJob job("sharing");
  WriteArms(&job, {{"safe_completion", "reward.composer: safe_completion"}, {"refusal", "reward.composer: refusal_baseline"}});
  ASSERT_EQ(job.Run(4), 0);
  EXPECT_TRUE(fs::exists(job.folder() + "/sft/metrics.jsonl"));
  for (const std::string arm : {"safe_completion", "refusal"}) {
    ExpectComplete(job, kSteps, kGroupSize, arm);
    EXPECT_FALSE(fs::exists(job.folder() + "/" + arm + "/sft"));
  }
  EXPECT_EQ(CountOf(" - sft - ", job.output()), 16) << "one SFT: 300 steps, a line every 20 and one for the last";
  EXPECT_EQ(ReadText(job.folder() + "/safe_completion/eval/start/dev.jsonl"), ReadText(job.folder() + "/refusal/eval/start/dev.jsonl"));
  EXPECT_NE(job.Weights("safe_completion"), job.Weights("refusal"));
}

TEST(Arms, ThatDifferInSftDoNotShareIt) {
  TinyJob job("own_sft");
  WriteArms(&job, {{"short", "sft.steps: 100"}, {"long", "sft.steps: 140"}});
  ASSERT_EQ(job.Run(4), 0);
  EXPECT_FALSE(fs::exists(job.folder() + "/sft"));
  EXPECT_EQ(job.Rows("short/sft/metrics.jsonl").size(), 100U);
  EXPECT_EQ(job.Rows("long/sft/metrics.jsonl").size(), 140U);
}

TEST(Arms, AnArmAloneIsTheSameAsBesideOthers) {
  TinyJob alone("alone");
  WriteArms(&alone, {{"b", "reward.composer: refusal_baseline"}});
  ASSERT_EQ(alone.Run(4), 0);
  TinyJob both("both");
  WriteArms(&both, {{"a", "reward.composer: safe_completion"}, {"b", "reward.composer: refusal_baseline"}});
  ASSERT_EQ(both.Run(4), 0);
  EXPECT_EQ(alone.Weights("b"), both.Weights("b"));
}

TEST(Arms, EachBeginsWhereItsOwnStagesLeadAndIsSampledAsItAsks) {
  TinyJob job("own_start");
  WriteArms(&job,
            {{"trained", ""}, {"short", "rollout.max_new_tokens: 8"}, {"untrained", "stages: [rl, eval], rollout.max_new_tokens: 60"}});
  ASSERT_EQ(job.Run(4), 0);
  const auto start = [&](const std::string& arm) { return ReadText(job.folder() + "/" + arm + "/eval/start/dev.jsonl"); };
  const auto weights = [&](const std::string& arm) {
    return nlohmann::json::parse(ReadText(job.folder() + "/" + arm + "/eval/start/dev.meta.json")).at("weight_hash");
  };
  EXPECT_EQ(weights("trained"), weights("short")) << "one SFT serves both";
  EXPECT_NE(start("trained"), start("short"));
  EXPECT_NE(weights("trained"), weights("untrained"));
  EXPECT_FALSE(fs::exists(job.folder() + "/untrained/sft/metrics.jsonl"));
  size_t longest = 0;
  for (const auto& row : job.RlRows("untrained")) longest = std::max(longest, row.at("response/length_max").get<size_t>());
  EXPECT_GT(longest, 40u) << "no completion was longer than the first arm allows, this test shows little";
}

// With staleness allowed a worker keeps the weights it holds while their version is the higher one, and the arm before leaves it the
// highest.
TEST(Arms, AnAsynchronousArmIsNotSampledFromTheOneBefore) {
  TinyJob job("async", {"rl.max_staleness=1", "rl.tis_cap=2", "run.deterministic=false"});
  WriteArms(&job, {{"first", "reward.composer: safe_completion"}, {"second", "reward.composer: refusal_baseline"}});
  ASSERT_EQ(job.Run(4), 0);
  for (const std::string arm : {"first", "second"}) {
    ExpectComplete(job, kSteps, kGroupSize, arm);
    double behind = 0;
    for (const auto& row : job.RlRows(arm)) {
      // Mean over tokens and highest of step - version: the learner has done `step` updates when it trains on them.
      const double mean = row.at("off_policy/staleness_mean"), highest = row.at("off_policy/staleness_max");
      EXPECT_GE(mean, 0) << arm << ", step " << row["step"] << ": sampled from weights that this arm has not made yet";
      EXPECT_LE(highest, 1) << arm << ", step " << row["step"];
      behind += mean;
    }
    EXPECT_EQ(job.RlRows(arm).at(0).at("off_policy/staleness_mean"), 0) << arm << ": there is nothing older than the start";
    EXPECT_GT(behind, 0) << arm << ": nothing was sampled while the learner worked, this test shows little";
  }
}

TEST(Arms, EveryComposerEstimatorAndPenaltyTrains) {
  TinyJob job("all");
  const std::vector<std::pair<std::string, std::string>> arms = {
      {"safe_completion", "reward.composer: safe_completion"},
      {"refusal", "reward.composer: refusal_baseline"},
      {"weighted", "reward.composer: weighted, reward.weight_helpfulness: 2.0"},
      {"lagrangian", "reward.composer: lagrangian, reward.cost_limits: {safety: 0.01, over_refusal: 0.01}"},
      {"dr_grpo", "rl.advantage.type: dr_grpo, rl.aggregation: constant"},
      {"rloo", "rl.advantage.type: rloo, rl.loss: reinforce"},
      {"reinforce_pp", "rl.advantage.type: reinforce_pp"},
      {"kl_in_reward", "rl.kl.coef: 0.05, rl.kl.in: reward, rl.kl.estimator: k1"},
      {"two_updates", "rl.updates_per_batch: 2, rl.dual_clip: 3"},
  };
  WriteArms(&job, arms);
  ASSERT_EQ(job.Run(4, Seconds(120)), 0);
  std::set<std::string> weights;
  for (const auto& [arm, overrides] : arms) {
    ExpectComplete(job, kSteps, kGroupSize, arm);
    weights.insert(job.Weights(arm));
    for (const auto& row : job.RlRows(arm)) EXPECT_FALSE(row.contains("nonfinite")) << arm << ": " << row["nonfinite"];
  }
  EXPECT_EQ(weights.size(), arms.size()) << "two arms learned the same";
  // The schedule counts steps, however many updates each makes.
  EXPECT_EQ(job.RlRows("two_updates").back().at("actor/lr"), job.RlRows("safe_completion").back().at("actor/lr"));
  // The multiplier of a constraint that is violated rises from its start, 1.
  const auto rows = job.RlRows("lagrangian");
  EXPECT_GT(rows.back().at("reward/lambda/safety").get<double>(), 0);
  EXPECT_NE(rows.back().at("reward/lambda/safety"), rows.front().at("reward/lambda/safety"));
}

}  // namespace
}  // namespace temper::testing
