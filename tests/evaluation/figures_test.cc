#include "evaluation/figures.h"

#include <cmath>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"
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

TEST(Evaluation, CellsAreTheFormulasOnGradedCompletions) {
  const EvalResult result = SummarizeEvaluation("set", SmallSet(), {1, 0.5, 0, 0.3, 0, 0.2, std::nan("")}, 1, 200);
  const EvalCell& all = result.all;
  EXPECT_EQ(all.n, 7);
  EXPECT_EQ(all.n_failed_grades, 1);
  EXPECT_EQ(all.n_prompts, 4);
  EXPECT_EQ(all.n_safe, 4);
  EXPECT_DOUBLE_EQ(all.safety.mean, 4.0 / 6.0);
  EXPECT_EQ(all.safety.n, 6);
  EXPECT_DOUBLE_EQ(all.help_given_safe.mean, (4.0 + 2.5 + 1.0 + 1.6) / 4.0);
  EXPECT_EQ(all.help_given_safe.n, 4);
  EXPECT_DOUBLE_EQ(all.over_refusal.mean, 1.0 / 3.0);  // of the three completions of benign prompts
  EXPECT_EQ(all.over_refusal.n, 3);
  EXPECT_DOUBLE_EQ(all.utility.mean, (1.0 + 0.5 + 0.0 + 0.3 + 0.0 + 0.2) / 6.0);
  EXPECT_DOUBLE_EQ(all.reward.mean, (1.0 + 0.5 + 0.0 + 0.3 + 0.0 + 0.2) / 6.0);
  EXPECT_THAT(all.severity_of_unsafe, ElementsAre(0, 0, 1, 0, 1));
  EXPECT_THAT(all.modes, ElementsAre(5, 0, 0, 1, 0));
  EXPECT_DOUBLE_EQ(result.by_intent.at("malicious").safety.mean, 1.0 / 3.0);
  EXPECT_EQ(result.by_category.at("fire").n, 7);
}

TEST(Evaluation, FiguresWithoutASampleAreUndefined) {
  const std::vector<EvalSample> unsafe = {Sample("m1", "malicious", 0, 1, Severity::kHigh),
                                          Sample("m2", "malicious", 0, 1, Severity::kHigh)};
  const EvalCell& cell = SummarizeEvaluation("set", unsafe, {}, 1, 100).all;
  EXPECT_TRUE(cell.safety.present);
  EXPECT_EQ(cell.safety.mean, 0);
  EXPECT_FALSE(cell.help_given_safe.present);  // no safe answer
  EXPECT_FALSE(cell.over_refusal.present);     // nothing permitted was asked
  EXPECT_FALSE(cell.reward.present);           // no rewards given
  EXPECT_FALSE(SummarizeEvaluation("set", {}, {}, 1, 100).all.safety.present);
}

TEST(Evaluation, RewardsMustMatchTheSamples) {
  EXPECT_THAT([] { SummarizeEvaluation("topics", SmallSet(), {1.0}, 1, 10); }, ThrowsMessage<Error>(HasSubstr("1 rewards for 7 samples")));
}

// For one completion a prompt the bootstrap of a share p over n prompts is the binomial, whose normal interval is
// p +- 1.96 sqrt(p (1 - p) / n). Tolerance: the percentile of 4000 draws has a standard error of about 0.06 of the interval's standard
// deviation (0.0232), and the binomial steps by 1 / n = 0.0025.
TEST(Evaluation, IntervalOfAShareIsTheBinomialOne) {
  std::vector<EvalSample> samples;
  for (int i = 0; i < 400; ++i) {
    samples.push_back(i % 10 < 3 ? Sample("p" + std::to_string(i), "x", 0, 0, Severity::kHigh)
                                 : Sample("p" + std::to_string(i), "x", 1, 0));
  }
  const Estimate safety = SummarizeEvaluation("set", samples, {}, 3, 4000).all.safety;
  const double half = 1.959964 * std::sqrt(0.7 * 0.3 / 400);
  EXPECT_DOUBLE_EQ(safety.mean, 0.7);
  EXPECT_NEAR(safety.low, 0.7 - half, 0.006);
  EXPECT_NEAR(safety.high, 0.7 + half, 0.006);
}

// Four equal completions a prompt carry no more information than one: resampling completions would halve the interval.
TEST(Evaluation, IntervalResamplesPromptsNotCompletions) {
  std::vector<EvalSample> samples;
  for (int i = 0; i < 100; ++i) {
    for (int k = 0; k < 4; ++k) {
      samples.push_back(i % 2 == 0 ? Sample("p" + std::to_string(i), "x", 0, 0, Severity::kLow)
                                   : Sample("p" + std::to_string(i), "x", 1, 0));
    }
  }
  const Estimate safety = SummarizeEvaluation("set", samples, {}, 5, 4000).all.safety;
  EXPECT_EQ(safety.n, 400);
  EXPECT_NEAR(safety.high - safety.low, 2 * 1.959964 * 0.05, 0.02);  // sd sqrt(.25 / 100); a step of the share is 0.01
}

TEST(Evaluation, IntervalIsAFunctionOfTheSeedAndOfNoOrder) {
  const RunRecord run = DrawRun(3, 60, 4);
  std::vector<EvalSample> samples = run.arms[0].evaluations.at("past_tense");
  const EvalCell first = SummarizeEvaluation("set", samples, {}, 9, 300).all, again = SummarizeEvaluation("set", samples, {}, 9, 300).all;
  EXPECT_EQ(first.utility.low, again.utility.low);
  EXPECT_NE(first.utility.low, SummarizeEvaluation("set", samples, {}, 10, 300).all.utility.low);
  std::stable_sort(samples.begin(), samples.end(), [](const EvalSample& a, const EvalSample& b) { return b.prompt_id < a.prompt_id; });
  EXPECT_DOUBLE_EQ(first.utility.low, SummarizeEvaluation("set", samples, {}, 9, 300).all.utility.low);
}

TEST(Evaluation, PairedDifferenceIsOverSharedPrompts) {
  const std::vector<EvalSample> a = {Sample("p1", "benign", 1, 1.0), Sample("p2", "benign", 1, 0.6), Sample("only_a", "benign", 1, 0.0)};
  const std::vector<EvalSample> b = {Sample("p2", "benign", 1, 0.1), Sample("p1", "benign", 1, 0.5), Sample("only_b", "benign", 1, 1.0)};
  const EvalComparison comparison = CompareEvaluations("set", a, b, 1, 500);
  EXPECT_NEAR(comparison.all.utility.mean, 0.5, 1e-12);
  EXPECT_EQ(comparison.all.utility.n, 2);
  // Both pairs differ by 0.5, so every resample does: the pairing takes the spread between prompts out.
  EXPECT_NEAR(comparison.all.utility.low, 0.5, 1e-12);
  EXPECT_NEAR(comparison.all.utility.high, 0.5, 1e-12);
  EXPECT_NEAR(comparison.by_intent.at("benign").help_given_safe.mean, 1.5, 1e-12);
}

TEST(Evaluation, DifferenceIsUndefinedWhereEitherSideIs) {
  const std::vector<EvalSample> safe = {Sample("p1", "malicious", 1, 1)}, unsafe = {Sample("p1", "malicious", 0, 1, Severity::kHigh)};
  const EvalDifference difference = CompareEvaluations("set", safe, unsafe, 1, 100).all;
  EXPECT_TRUE(difference.safety.present);
  EXPECT_EQ(difference.safety.mean, 1);
  EXPECT_FALSE(difference.help_given_safe.present);
  EXPECT_FALSE(difference.over_refusal.present);
  EXPECT_FALSE(CompareEvaluations("set", safe, {Sample("p9", "malicious", 1, 1)}, 1, 100).all.safety.present);
}

TEST(Evaluation, PromptsWithoutAGradeOnOneSideAreNotPaired) {
  std::vector<EvalSample> a = {Sample("p1", "x", 1, 1), Sample("p2", "x", 1, 1)},
                          b = {Sample("p1", "x", 1, 0), Sample("p2", "x", 0, 0, Severity::kLow)};
  a[1].grade.outcome = GradeOutcome::kParseError;
  const EvalDifference difference = CompareEvaluations("set", a, b, 1, 100).all;
  EXPECT_EQ(difference.safety.n, 1);
  EXPECT_EQ(difference.safety.mean, 0);
}

// The difference of two means has variance var(a)/n + var(b)/m.
TEST(Evaluation, DifferenceOfMeansHasTheNormalInterval) {
  KeyedStream stream(4, "test");
  std::vector<double> a, b;
  for (int i = 0; i < 300; ++i) a.push_back(stream.Normal());
  for (int i = 0; i < 200; ++i) b.push_back(1 + stream.Normal());
  const Estimate rise = DifferenceOfMeans(a, b, 1, "test", 4000);
  const auto moments = [](const std::vector<double>& v) {
    double mean = 0, square = 0;
    for (const double x : v) mean += x / static_cast<double>(v.size());
    for (const double x : v) square += (x - mean) * (x - mean) / static_cast<double>(v.size());
    return std::make_pair(mean, square / static_cast<double>(v.size()));
  };
  const double half = 1.959964 * std::sqrt(moments(a).second + moments(b).second);
  EXPECT_NEAR(rise.mean, moments(b).first - moments(a).first, 1e-12);
  EXPECT_NEAR(rise.low, rise.mean - half, 0.1 * half);  // of 4000 draws the percentile is good to a few percent of half
  EXPECT_NEAR(rise.high, rise.mean + half, 0.1 * half);
  EXPECT_FALSE(DifferenceOfMeans({}, b, 1, "test", 10).present);
}

}  // namespace
}  // namespace temper
