#include "evaluation/figures.h"

#include <algorithm>
#include <cmath>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "evaluation/quantiles.h"
#include "tests/views/report_fixture.h"

namespace temper {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

EvalSample Sample(const std::string& prompt, const std::string& intent, double s, double h, Severity severity = Severity::kNone) {
  EvalSample sample;
  sample.prompt_id = prompt;
  sample.intent = intent;
  sample.category = "fire";
  sample.grade.safety = s;
  sample.grade.helpfulness = h;
  sample.grade.severity = severity;
  sample.grade.mode = ResponseMode::kDirect;
  sample.grade.restricted = intent == "malicious";
  return sample;
}

EvalSample Refused(EvalSample sample) {
  sample.grade.mode = ResponseMode::kBareRefusal;
  sample.grade.refused = true;
  sample.grade.over_refusal = !sample.grade.restricted;
  return sample;
}

std::vector<EvalSample> SmallSet() {
  EvalSample failed = Sample("m2", "malicious", 1, 1);
  failed.grade.outcome = GradeOutcome::kTimeout;
  return {Sample("b1", "benign", 1, 1.0),
          Sample("b1", "benign", 1, 0.5),
          Refused(Sample("b2", "benign", 1, 0.0)),
          Sample("m1", "malicious", 0.6, 0.5, Severity::kLow),
          Sample("m1", "malicious", 0.0, 1.0, Severity::kHigh),
          Sample("m2", "malicious", 1.0, 0.2),
          failed};
}

// A sample that a checker alone graded: right or wrong.
EvalSample Checked(const std::string& prompt, double h) {
  EvalSample sample = Sample(prompt, "", 1, h);
  sample.grade.verdicts = {{.grader = "maths", .id = "verifiable/1", .error = "", .values = {{"helpfulness_direct", h}}}};
  return sample;
}

TEST(Evaluation, PromptsWithoutASafetyQuestionAreByThemselves) {
  std::vector<EvalSample> samples = SmallSet();
  const EvalResult without = SummarizeEvaluation("set", samples, {});
  EXPECT_EQ(without.no_safety_question.n, 0);
  for (const double h : {1.0, 1.0, 0.0}) samples.push_back(Checked("g1", h));
  samples.push_back(Checked("g2", 0));
  const EvalResult result = SummarizeEvaluation("set", samples, {});
  EXPECT_EQ(result.all.n, 7) << "they change nothing about the others";
  EXPECT_DOUBLE_EQ(result.all.safety.mean, without.all.safety.mean);
  EXPECT_FALSE(result.all.accuracy.present);
  EXPECT_EQ(result.no_safety_question.n, 4);
  EXPECT_EQ(result.no_safety_question.n_prompts, 2);
  EXPECT_DOUBLE_EQ(result.no_safety_question.accuracy.mean, 0.5);
  EXPECT_FALSE(result.no_safety_question.safety.present);
  EXPECT_FALSE(result.by_intent.contains(""));
  // A set of nothing else is what there is.
  const EvalResult alone = SummarizeEvaluation("set", {Checked("g1", 1), Checked("g2", 0)}, {});
  EXPECT_EQ(alone.all.n, 2);
  EXPECT_DOUBLE_EQ(alone.all.accuracy.mean, 0.5);
}

TEST(Evaluation, TheLossOfAnAbilityIsADifferenceOfArms) {
  const std::vector<EvalSample> a = {Checked("g1", 1), Checked("g2", 1), Sample("b1", "benign", 1, 1)},
                                b = {Checked("g1", 1), Checked("g2", 0), Sample("b1", "benign", 1, 0.5)};
  const EvalComparison comparison = CompareEvaluations("set", a, b);
  EXPECT_DOUBLE_EQ(comparison.all.accuracy.mean, 0.5);
  EXPECT_EQ(comparison.all.accuracy.n, 2);
  EXPECT_EQ(comparison.all.utility.n, 1);
}

TEST(Evaluation, CellsByContext) {
  std::vector<EvalSample> samples = {Sample("p1", "benign", 1, 1), Sample("p2", "benign", 0, 1, Severity::kHigh),
                                     Sample("p3", "benign", 1, 1)};
  samples[0].context = "professional";
  samples[1].context = "minor";
  const EvalResult result = SummarizeEvaluation("set", samples, {});
  ASSERT_EQ(result.by_context.size(), 2U);
  EXPECT_DOUBLE_EQ(result.by_context.at("professional").safety.mean, 1);
  EXPECT_DOUBLE_EQ(result.by_context.at("minor").safety.mean, 0);
}

TEST(Evaluation, CellsAreTheFormulasOnGradedCompletions) {
  const EvalResult result = SummarizeEvaluation("set", SmallSet(), {1, 0.5, 0, 0.3, 0, 0.2, std::nan("")});
  const EvalCell& all = result.all;
  EXPECT_EQ(all.n, 7);
  EXPECT_EQ(all.n_failed_grades, 1);
  EXPECT_EQ(all.n_prompts, 4);
  EXPECT_EQ(all.n_safe, 4);
  EXPECT_DOUBLE_EQ(all.safety.mean, 4.0 / 6.0);
  EXPECT_EQ(all.safety.n, 4) << "prompts";
  EXPECT_EQ(all.safety.completions, 6);
  EXPECT_DOUBLE_EQ(all.help_given_safe.mean, (4.0 + 2.5 + 1.0 + 1.6) / 4.0);
  EXPECT_EQ(all.help_given_safe.n, 3) << "prompts with a safe answer";
  EXPECT_EQ(all.help_given_safe.completions, 4);
  EXPECT_DOUBLE_EQ(all.over_refusal.mean, 1.0 / 3.0);  // of the three completions of benign prompts
  EXPECT_EQ(all.over_refusal.n, 2) << "prompts that ask for nothing restricted";
  EXPECT_EQ(all.over_refusal.completions, 3);
  EXPECT_EQ(all.n_safe_direct, 3);
  EXPECT_DOUBLE_EQ(all.utility.mean, (1.0 + 0.5 + 0.0 + 0.3 + 0.0 + 0.2) / 6.0);
  EXPECT_DOUBLE_EQ(all.reward.mean, (1.0 + 0.5 + 0.0 + 0.3 + 0.0 + 0.2) / 6.0);
  EXPECT_THAT(all.severity_of_unsafe, ElementsAre(0, 0, 1, 0, 1));
  EXPECT_THAT(all.modes, ElementsAre(5, 0, 0, 1, 0));
  EXPECT_DOUBLE_EQ(result.by_intent.at("malicious").safety.mean, 1.0 / 3.0);
  EXPECT_EQ(result.by_category.at("fire").n, 7);
}

TEST(Evaluation, TheIntervalOfAScoreStaysWithinItsRange) {
  std::vector<EvalSample> samples;
  std::vector<double> rewards;
  for (int i = 0; i < 6; ++i) {
    samples.push_back(Sample("p" + std::to_string(i), "benign", 1, 1));
    rewards.push_back(i == 0 ? 0.9 : 1);
  }
  const Estimate within = SummarizeEvaluation("set", samples, rewards).all.reward;
  EXPECT_LE(within.high, 1);
  EXPECT_GE(within.low, 0);
  rewards[1] = 1.5;  // no score: any number may be a reward
  const Estimate beyond = SummarizeEvaluation("set", samples, rewards).all.reward;
  EXPECT_GT(beyond.high, 1);
}

TEST(Evaluation, FiguresWithoutASampleAreUndefined) {
  const std::vector<EvalSample> unsafe = {Sample("m1", "malicious", 0, 1, Severity::kHigh),
                                          Sample("m2", "malicious", 0, 1, Severity::kHigh)};
  const EvalCell& cell = SummarizeEvaluation("set", unsafe, {}).all;
  EXPECT_TRUE(cell.safety.present);
  EXPECT_EQ(cell.safety.mean, 0);
  EXPECT_FALSE(cell.help_given_safe.present);  // no safe answer
  EXPECT_FALSE(cell.over_refusal.present);     // nothing permitted was asked
  EXPECT_FALSE(cell.reward.present);           // no rewards given
  EXPECT_FALSE(SummarizeEvaluation("set", {}, {}).all.safety.present);
}

TEST(Evaluation, RewardsMustMatchTheSamples) {
  EXPECT_THAT([] { SummarizeEvaluation("topics", SmallSet(), {1.0}); }, ThrowsMessage<Error>(HasSubstr("1 rewards for 7 samples")));
}

// For one completion a prompt the interval of a share p over n prompts is about the binomial one, p +- 1.96 sqrt(p (1 - p) / n); Clopper
// and Pearson's is wider by up to 1 / n = 0.0025 on either side, and by the factor of t(399) over 1.96, 1.003.
TEST(Evaluation, IntervalOfAShareIsTheBinomialOne) {
  std::vector<EvalSample> samples;
  for (int i = 0; i < 400; ++i) {
    samples.push_back(i % 10 < 3 ? Sample("p" + std::to_string(i), "x", 0, 0, Severity::kHigh)
                                 : Sample("p" + std::to_string(i), "x", 1, 0));
  }
  const Estimate safety = SummarizeEvaluation("set", samples, {}).all.safety;
  const double half = 1.959964 * std::sqrt(0.7 * 0.3 / 400);
  EXPECT_DOUBLE_EQ(safety.mean, 0.7);
  EXPECT_NEAR(safety.low, 0.7 - half, 0.0035);
  EXPECT_NEAR(safety.high, 0.7 + half, 0.0035);
}

// Four equal completions a prompt carry no more information than one: counted as 400 they would halve the interval.
TEST(Evaluation, IntervalIsOverPromptsNotCompletions) {
  std::vector<EvalSample> samples;
  for (int i = 0; i < 100; ++i) {
    for (int k = 0; k < 4; ++k) {
      samples.push_back(i % 2 == 0 ? Sample("p" + std::to_string(i), "x", 0, 0, Severity::kLow)
                                   : Sample("p" + std::to_string(i), "x", 1, 0));
    }
  }
  const Estimate safety = SummarizeEvaluation("set", samples, {}).all.safety;
  EXPECT_EQ(safety.n, 100);
  EXPECT_EQ(safety.completions, 400);
  EXPECT_NEAR(safety.high - safety.low, 2 * 1.959964 * 0.05, 0.02);  // sd sqrt(.25 / 100); a step of the share is 0.01
}

TEST(Evaluation, IntervalDependsOnNoOrder) {
  const RunRecord run = DrawRun(3, 60, 4);
  std::vector<EvalSample> samples = run.arms[0].evaluations.at("past_tense");
  const EvalCell first = SummarizeEvaluation("set", samples, {}).all;
  std::stable_sort(samples.begin(), samples.end(), [](const EvalSample& a, const EvalSample& b) { return b.prompt_id < a.prompt_id; });
  EXPECT_DOUBLE_EQ(first.utility.low, SummarizeEvaluation("set", samples, {}).all.utility.low);
}

TEST(Evaluation, PairedDifferenceIsOverSharedPrompts) {
  const std::vector<EvalSample> a = {Sample("p1", "benign", 1, 1.0), Sample("p2", "benign", 1, 0.6), Sample("only_a", "benign", 1, 0.0)};
  const std::vector<EvalSample> b = {Sample("p2", "benign", 1, 0.1), Sample("p1", "benign", 1, 0.5), Sample("only_b", "benign", 1, 1.0)};
  const EvalComparison comparison = CompareEvaluations("set", a, b);
  EXPECT_NEAR(comparison.all.utility.mean, 0.5, 1e-12);
  EXPECT_EQ(comparison.all.utility.n, 2);
  // Both pairs differ by 0.5: the pairing takes the spread between prompts out, and what is left is what two prompts leave open,
  // half of two yes/no answers above and none of two below.
  const Bounds up = ShareBounds(1, 2, 0.05), down = ShareBounds(0, 2, 0.05);
  EXPECT_NEAR(comparison.all.utility.low, 0.5 - std::hypot(0.5 - up.low, down.high), 1e-9);
  EXPECT_NEAR(comparison.all.utility.high, up.high, 1e-9);
  EXPECT_NEAR(comparison.by_intent.at("benign").help_given_safe.mean, 1.5, 1e-12);
}

TEST(Evaluation, DifferenceIsUndefinedWhereEitherSideIs) {
  const std::vector<EvalSample> safe = {Sample("p1", "malicious", 1, 1)}, unsafe = {Sample("p1", "malicious", 0, 1, Severity::kHigh)};
  const EvalDifference difference = CompareEvaluations("set", safe, unsafe).all;
  EXPECT_TRUE(difference.safety.present);
  EXPECT_EQ(difference.safety.mean, 1);
  EXPECT_FALSE(difference.help_given_safe.present);
  EXPECT_FALSE(difference.over_refusal.present);
  EXPECT_FALSE(CompareEvaluations("set", safe, {Sample("p9", "malicious", 1, 1)}).all.safety.present);
}

TEST(Evaluation, PromptsWithoutAGradeOnOneSideAreNotPaired) {
  std::vector<EvalSample> a = {Sample("p1", "x", 1, 1), Sample("p2", "x", 1, 1)},
                          b = {Sample("p1", "x", 1, 0), Sample("p2", "x", 0, 0, Severity::kLow)};
  a[1].grade.outcome = GradeOutcome::kParseError;
  const EvalDifference difference = CompareEvaluations("set", a, b).all;
  EXPECT_EQ(difference.safety.n, 1);
  EXPECT_EQ(difference.safety.mean, 0);
}

}  // namespace
}  // namespace temper
