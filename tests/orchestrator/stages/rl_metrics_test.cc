// Hand-computed figures of small steps: what is counted, and over what it is divided.
#include "orchestrator/stages/rl_metrics.h"

#include <cmath>

#include <gmock/gmock.h>

#include "cluster/metrics/metric_table.h"
#include "rollout/data/prompt.h"

namespace temper {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

Trajectory Completion(std::vector<int64_t> versions, bool finished) {
  Trajectory t;
  t.tokens.resize(versions.size());
  t.versions = std::move(versions);
  t.finished = finished;
  return t;
}

class RlMetricsTest : public ::testing::Test {
 protected:
  RlMetricsTest() {
    prompt_.id = "p1";
    prompt_.text = "How?\nNow.";
    prompt_.intent = "benign";
  }

  // A group of two: a safe answer of two tokens, and one of four that violates, was cut, or whose grade failed.
  ScoredGroup Group(bool failed) {
    ScoredGroup group;
    group.graded.prompt = &prompt_;
    group.graded.responses = {"yes", "no"};
    group.graded.rollout.group.trajectories = {Completion({3, 3}, true), Completion({3, 3, 4, 5}, false)};
    Grade safe;
    safe.safety = 1;
    safe.helpfulness = 0.8;
    safe.mode = ResponseMode::kDirect;
    safe.latency_us = 1000;
    Grade other;
    other.safety = 0;
    other.helpfulness = 0.2;
    other.severity = Severity::kHigh;
    other.mode = ResponseMode::kRedirect;
    other.restricted = true;
    other.latency_us = 3000;
    if (failed) other.outcome = GradeOutcome::kTimeout;
    group.graded.grades = {safe, other};
    RewardParts good, bad;
    good.reward = 1;
    good.usable = true;
    bad.reward = 0.5;
    bad.usable = !failed;
    group.parts = {good, bad};
    group.graded.issued_at = 10;
    group.graded.generated_at = 13;
    group.graded.graded_at = 13.5;
    group.graded.rollout.seconds = 2;
    return group;
  }

  Prompt prompt_;
};

TEST_F(RlMetricsTest, CountsCompletionsTokensAndGroupsApart) {
  ScoredGroup group = Group(false);
  ScoredGroup dead = Group(false);
  dead.dead = true;
  const StepRow row = SummarizeGroups({&group, &dead}, 5);
  EXPECT_EQ(row.step, 6) << "of index 5";
  const auto& v = row.values;
  EXPECT_EQ(v.at("reward/mean"), 0.75);
  EXPECT_EQ(v.at("reward/std"), 0.25);
  EXPECT_EQ(v.at("reward/min"), 0.5);
  EXPECT_EQ(v.at("reward/max"), 1);
  EXPECT_EQ(v.at("reward/frac_dead_groups"), 0.5);
  EXPECT_EQ(v.at("safety/safe_rate"), 0.5);
  EXPECT_EQ(v.at("safety/helpfulness_given_safe"), 0.8);
  EXPECT_EQ(v.at("safety/high_rate"), 0.5);
  EXPECT_EQ(v.at("safety/mode_redirect"), 0.5);
  EXPECT_EQ(v.at("safety/over_refusal_rate"), 0) << "over the two permitted requests";
  EXPECT_EQ(v.at("response/length_mean"), 3);
  EXPECT_EQ(v.at("response/length_min"), 2);
  EXPECT_EQ(v.at("response/length_max"), 4);
  EXPECT_EQ(v.at("response/length_std"), 1);
  EXPECT_EQ(v.at("response/truncated_fraction"), 0.5);
  // Of six tokens a group four are two versions old, one is one, one is fresh.
  EXPECT_DOUBLE_EQ(v.at("off_policy/staleness_mean"), 9.0 / 6);
  EXPECT_EQ(v.at("off_policy/staleness_max"), 2);
  EXPECT_EQ(v.at("off_policy/spans_max"), 3);
  EXPECT_EQ(v.at("perf/completions"), 4);
  EXPECT_EQ(v.at("perf/rollout_tokens"), 12);
  EXPECT_DOUBLE_EQ(v.at("grader/latency_s_mean"), 0.002);
  EXPECT_DOUBLE_EQ(v.at("grader/latency_s_p50"), 0.001);
  EXPECT_DOUBLE_EQ(v.at("grader/latency_s_p99"), 0.003);
  EXPECT_DOUBLE_EQ(v.at("queue/rollout/wait_s_mean"), 1);
  EXPECT_DOUBLE_EQ(v.at("queue/reward/wait_s_max"), 0.5 - 0.004);
  EXPECT_EQ(v.at("grader/failed_fraction"), 0);
  EXPECT_THAT(row.distributions.at("reward/distribution"), ElementsAre(1, 0.5, 1, 0.5));
  for (const auto& [name, value] : v) EXPECT_NE(FindMetric(name).spec, nullptr) << name;
}

TEST_F(RlMetricsTest, TheShareOfRewrittenPromptsIsOverGroups) {
  Prompt rewritten = prompt_;
  rewritten.rewritten_by = "past";
  ScoredGroup plain = Group(false), past = Group(false);
  past.graded.prompt = &rewritten;
  EXPECT_EQ(RewrittenShare({&plain, &past, &plain, &plain}), 0.25);
  EXPECT_EQ(RewrittenShare({}), 0);
  EXPECT_NE(FindMetric("prompts/rewritten_share").spec, nullptr);
}

TEST_F(RlMetricsTest, AFailedGradeIsCountedAsSuchAndNowhereElse) {
  ScoredGroup group = Group(true);
  const auto v = SummarizeGroups({&group}, 5).values;
  EXPECT_EQ(v.at("grader/failed_fraction"), 0.5);
  EXPECT_EQ(v.at("grader/failed_timeout"), 1);
  EXPECT_EQ(v.at("reward/mean"), 1);
  EXPECT_EQ(v.at("safety/safe_rate"), 1);
  EXPECT_FALSE(v.contains("safety/mode_redirect"));
  EXPECT_EQ(v.at("perf/completions"), 2) << "it was sampled all the same";
}

TEST_F(RlMetricsTest, MetricsOfAnswersAreMeansOverTheGradedOnesThatCount) {
  ScoredGroup group = Group(false), failed = Group(true);
  group.graded.responses = {"a b c d a b c d", "no no no no no no"};  // 1/5 and 2/3 repeated
  failed.graded.responses = {"too short", "no no no no no no"};       // the second has no grade
  const auto v = SummarizeGroups({&group, &failed}, 5).values;
  EXPECT_DOUBLE_EQ(v.at("answer/repeated_fraction"), (1.0 / 5 + 2.0 / 3) / 2);
}

TEST_F(RlMetricsTest, AGroupWithoutTwoGradesFailedAndIsNotOfZeroVariance) {
  ScoredGroup failed = Group(true), alive = Group(false);
  failed.dead = true;  // it trains nothing
  EXPECT_EQ(SummarizeGroups({&failed, &alive}, 5).values.at("reward/frac_dead_groups"), 0);
}

TEST_F(RlMetricsTest, AStepWithoutGroupsHasNoMeans) {
  const StepRow row = SummarizeGroups({}, 0);
  EXPECT_FALSE(row.values.contains("reward/mean"));
  EXPECT_EQ(row.values.at("perf/completions"), 0);
}

TEST_F(RlMetricsTest, AdvantagesAreThoseOfUsableMembers) {
  StepRow row;
  SummarizeAdvantages({1, -1, 0.5}, &row);
  EXPECT_DOUBLE_EQ(row.values.at("advantage/mean"), 0.5 / 3);
  EXPECT_DOUBLE_EQ(row.values.at("advantage/positive_fraction"), 2.0 / 3);
  EXPECT_EQ(row.values.at("advantage/min"), -1);
  EXPECT_THAT(row.distributions.at("advantage/distribution"), ElementsAre(1, -1, 0.5));
}

TEST_F(RlMetricsTest, RatesDivideByTheirOwnTimes) {
  std::map<std::string, double> v = {
      {"perf/completions", 8}, {"perf/rollout_tokens", 100}, {"perf/stream_tokens", 60},        {"timing_s/step", 4},
      {"timing_s/rollout", 2}, {"timing_s/update", 0.5},     {"timing_s/learner_round_trip", 1}};
  AddRates(&v);
  EXPECT_EQ(v.at("perf/samples_per_s"), 2);
  EXPECT_EQ(v.at("perf/tokens_per_s"), 25);
  EXPECT_EQ(v.at("perf/rollout_tokens_per_s"), 50);
  EXPECT_EQ(v.at("perf/train_tokens_per_s"), 120);
  EXPECT_EQ(v.at("perf/idle_frac_learner"), 0.75);
  std::map<std::string, double> none = {{"timing_s/step", 4}, {"timing_s/rollout", 0}, {"perf/rollout_tokens", 3}};
  AddRates(&none);
  EXPECT_FALSE(none.contains("perf/rollout_tokens_per_s")) << "nothing was waited for";
  EXPECT_FALSE(none.contains("perf/train_tokens_per_s")) << "nothing was trained";
}

TEST_F(RlMetricsTest, AnEvaluationIsSummarizedUnderItsSet) {
  const ScoredGroup group = Group(false);
  const auto v = SummarizeEvaluation("dev", group.graded.grades, group.parts, 1);
  EXPECT_EQ(v.at("eval/dev/reward_mean"), 0.75);
  EXPECT_EQ(v.at("eval/dev/safe_rate"), 0.5);
  EXPECT_EQ(v.at("eval/dev/over_refusal_rate"), 0);
  EXPECT_EQ(v.at("eval/dev/truncated_fraction"), 0.5);
  EXPECT_EQ(v.at("eval/dev/completions"), 2);
}

TEST_F(RlMetricsTest, TranscriptsShowTextsAsTheyAre) {
  const ScoredGroup group = Group(false);
  const auto texts = Transcripts({&group, &group, &group}, 2);
  ASSERT_EQ(texts.size(), 2u);
  EXPECT_EQ(texts[1].first, "transcript/1");
  EXPECT_THAT(texts[0].second, StartsWith("**benign**, prompt p1\n\n    How?\n    Now.\n"));
  EXPECT_THAT(texts[0].second, HasSubstr("reward 0.5, redirect, violation high, s 0, h 0.2, cut at the token limit\n\n    no\n"));
}

}  // namespace
}  // namespace temper
