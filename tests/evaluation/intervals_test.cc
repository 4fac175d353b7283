// Quantiles against tables, and intervals computed by hand.
#include "evaluation/intervals.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "evaluation/quantiles.h"

namespace temper {
namespace {

Estimate Figure(double mean, double low, double high) { return {mean, low, high, 100, true}; }

// Prompts with four completions each, of which that many have the event.
std::vector<PromptSums> Events(const std::vector<int>& events) {
  std::vector<PromptSums> prompts;
  for (const int count : events) prompts.push_back({static_cast<double>(count), 4});
  return prompts;
}

TEST(StudentQuantile, IsThatOfTheTables) {
  // Two-sided 95 %, as printed in tables of the distribution.
  const std::pair<double, double> table[] = {{1, 12.7062},  {2, 4.30265},  {3, 3.18245},   {4, 2.77645},   {5, 2.57058},
                                             {10, 2.22814}, {30, 2.04227}, {120, 1.97993}, {1000, 1.96234}};
  for (const auto& [df, t] : table) EXPECT_NEAR(StudentQuantile(df), t, 5e-5 * t) << df;
  EXPECT_NEAR(StudentQuantile(std::numeric_limits<double>::infinity()), 1.959964, 1e-6);
  EXPECT_NEAR(StudentQuantile(2, 0.01), 9.92484, 1e-5);
  for (const auto& [df, t] : table) EXPECT_NEAR(StudentTail(t, df), 0.05, 1e-5) << df;
}

TEST(ShareBounds, AreClopperAndPearsons) {
  // 0 of n: up to 1 - 0.025^(1 / n); 5 of 10: 0.18709 to 0.81291 in tables.
  EXPECT_EQ(ShareBounds(0, 120, 0.05).low, 0);
  EXPECT_NEAR(ShareBounds(0, 120, 0.05).high, 1 - std::pow(0.025, 1.0 / 120), 1e-12);
  EXPECT_NEAR(ShareBounds(120, 120, 0.05).low, std::pow(0.025, 1.0 / 120), 1e-12);
  EXPECT_EQ(ShareBounds(120, 120, 0.05).high, 1);
  EXPECT_NEAR(ShareBounds(5, 10, 0.05).low, 0.18709, 1e-5);
  EXPECT_NEAR(ShareBounds(5, 10, 0.05).high, 0.81291, 1e-5);
}

TEST(RatioOverPrompts, OfASharesThatAllAgreeIsThatOfAsManyPrompts) {
  const Estimate safe = RatioOverPrompts(Events(std::vector<int>(120, 4)), kShareScale);
  EXPECT_EQ(safe.mean, 1);
  EXPECT_NEAR(safe.low, 0.9697, 5e-5) << "of 120 prompts, not of 480 completions";
  EXPECT_EQ(safe.high, 1);
  EXPECT_EQ(safe.n, 120);
  EXPECT_EQ(safe.completions, 480);
  const Estimate help = RatioOverPrompts({{8, 2}, {8, 2}}, kHelpScale);
  EXPECT_EQ(help.mean, 4);
  EXPECT_NEAR(help.low, 1 + 3 * std::sqrt(0.025), 1e-12) << "two prompts";
  const Estimate one = RatioOverPrompts({{1, 4}}, kShareScale);
  EXPECT_LT(one.low, 0.25);
  EXPECT_GT(one.high, 0.9) << "one prompt says next to nothing";
}

TEST(RatioOverPrompts, IsKornAndGraubards) {
  // Shares 1, 1, 0.5, 0 of four prompts: p = 0.625, z = .375, .375, -.125, -.625, var = 0.6875 / 3 / 4 = 0.057292; p (1 - p) / var
  // = 4.0909, times (1.959964 / 3.182446)^2: 1.5517 trials.
  const Estimate share = RatioOverPrompts(Events({4, 4, 2, 0}), kShareScale);
  const Bounds bounds = ShareBounds(0.625 * 1.55165, 1.55165, 0.05);
  EXPECT_DOUBLE_EQ(share.mean, 0.625);
  EXPECT_NEAR(share.low, bounds.low, 1e-4);
  EXPECT_NEAR(share.high, bounds.high, 1e-4);
}

TEST(RatioOverPrompts, WithoutAScaleIsStudentsOrNone) {
  // Means 1, 2 and 3: standard error 1 / sqrt(3), t(2) = 4.30265.
  const Estimate reward = RatioOverPrompts({{2, 2}, {4, 2}, {6, 2}}, kNoScale);
  EXPECT_NEAR(reward.high - 2, 2.484137, 1e-5);
  EXPECT_FALSE(RatioOverPrompts({{2, 2}, {2, 2}, {2, 2}}, kNoScale).has_interval()) << "nothing can be said";
  EXPECT_FALSE(RatioOverPrompts({{2, 2}}, kNoScale).has_interval());
  EXPECT_FALSE(RatioOverPrompts({{0, 0}}, kNoScale).present);
}

TEST(RatioOverPrompts, CountsThePromptsThatCountAndMarksFew) {
  std::vector<PromptSums> prompts = Events(std::vector<int>(30, 2));
  prompts.push_back({0, 0});
  EXPECT_EQ(RatioOverPrompts(prompts, kShareScale).n, 30);
  EXPECT_FALSE(RatioOverPrompts(prompts, kShareScale).few);
  prompts.erase(prompts.begin());
  EXPECT_TRUE(RatioOverPrompts(prompts, kShareScale).few) << "29 prompts";
  std::vector<int> events(100, 0);
  for (int i = 0; i < 5; ++i) events[static_cast<size_t>(i)] = 4;
  EXPECT_FALSE(RatioOverPrompts(Events(events), kShareScale).few);
  events[0] = 0;
  EXPECT_TRUE(RatioOverPrompts(Events(events), kShareScale).few) << "4 prompts with the event, however many completions of them";
  for (int& count : events) count = 4 - count;
  EXPECT_TRUE(RatioOverPrompts(Events(events), kShareScale).few) << "4 prompts without it";
  EXPECT_FALSE(RatioOverPrompts(Events(events), kScoreScale).few) << "a score has no events";
}

TEST(DifferenceOverPrompts, OfEqualAnswersIsWhatSoManyAgreementsAllow) {
  const std::vector<PromptSums> same = Events(std::vector<int>(100, 3));
  const Estimate difference = DifferenceOverPrompts(same, same, kShareScale);
  EXPECT_EQ(difference.mean, 0);
  EXPECT_NEAR(difference.high, 1 - std::pow(0.025, 0.01), 1e-9) << "differing prompts that 100 without one leave possible";
  EXPECT_NEAR(difference.low, -difference.high, 1e-12);
  EXPECT_EQ(difference.n, 100);
  EXPECT_EQ(difference.p_zero, 1);
  EXPECT_TRUE(difference.few);
}

TEST(DifferenceOverPrompts, StaysWithinWhatADifferenceCanBe) {
  for (const size_t n : {1U, 2U, 8U, 40U}) {
    const Estimate all = DifferenceOverPrompts(Events(std::vector<int>(n, 4)), Events(std::vector<int>(n, 0)), kShareScale);
    EXPECT_EQ(all.high, 1);
    EXPECT_GE(all.low, -1);
    EXPECT_LT(all.low, all.high);
  }
  const Estimate help = DifferenceOverPrompts({{16, 4}, {16, 4}}, {{4, 4}, {4, 4}}, kHelpScale);
  EXPECT_EQ(help.mean, 3);
  EXPECT_EQ(help.high, 3);
  EXPECT_FALSE(DifferenceOverPrompts({{16, 4}}, {{0, 0}}, kHelpScale).present);
}

TEST(DifferenceOverPrompts, ItsPValueIsWhereTheIntervalTouchesZero) {
  std::vector<int> a(40, 4), b(40, 4);
  for (size_t i = 0; i < 20; ++i) b[i] = 0;
  const Estimate difference = DifferenceOverPrompts(Events(a), Events(b), kShareScale);
  EXPECT_GT(difference.low, 0);
  EXPECT_LT(difference.p_zero, 1e-4);
  for (size_t i = 4; i < 20; ++i) b[i] = 4;  // 4 of 40 differ, all one way
  const Estimate less = DifferenceOverPrompts(Events(a), Events(b), kShareScale);
  EXPECT_EQ(less.p_zero<0.05, less.low> 0);
  EXPECT_GT(less.p_zero, difference.p_zero);
}

TEST(RiseOfSeries, KnowsNothingOfFewStepsAndOfNoMovement) {
  EXPECT_FALSE(RiseOfSeries({1}, 0).present);
  const Estimate two = RiseOfSeries({0.2, 0.314}, 1);
  EXPECT_NEAR(two.mean, 0.114, 1e-12);
  EXPECT_FALSE(two.has_interval()) << "a window of one step";
  EXPECT_FALSE(RiseOfSeries(std::vector<double>(20, 0.5), 10).has_interval());
}

TEST(RiseOfSeries, TakesTheNoiseFromNeighboursAndNotFromTheTrend) {
  // 0 and 1 in turn: d1 = 1, d2 = 0, so r = 0 and the variance of a value 1 / 2; plus a trend of 0.01 a step, d1 = 1.0001 on average.
  std::vector<double> values;
  for (int i = 0; i < 100; ++i) values.push_back(i % 2 + 0.01 * i);
  const Estimate rise = RiseOfSeries(values, 10);
  EXPECT_NEAR(rise.mean, 0.9, 1e-12);
  const double half = StudentQuantile(2.0 / 3 * 98) * std::sqrt(2 * 0.5 / 10);
  EXPECT_NEAR(rise.high - rise.mean, half, 1e-3 * half);
  EXPECT_LT(rise.p_zero, 0.01);
}

TEST(IntervalOverRuns, OfOneRunIsItsOwn) {
  const Estimate over = IntervalOverRuns({Figure(0.5, 0.4, 0.7)}, nullptr, kShareScale);
  EXPECT_TRUE(over.present);
  EXPECT_EQ(over.mean, 0.5);
  EXPECT_EQ(over.low, 0.4);
  EXPECT_EQ(over.high, 0.7);
  EXPECT_EQ(over.n, 1);
  EXPECT_FALSE(IntervalOverRuns({}, nullptr, kShareScale).present);
}

TEST(IntervalOverRuns, OfSeveralIsStudentsOverTheirMeans) {
  // Means 0.6, 0.7, 0.8: s = 0.1, standard error 0.1 / sqrt(3) = 0.057735, t(2) = 4.30265.
  const Estimate over = IntervalOverRuns({Figure(0.6, 0.5, 0.7), Figure(0.8, 0.7, 0.9), Figure(0.7, 0.6, 0.8)}, nullptr, kShareScale);
  EXPECT_NEAR(over.mean, 0.7, 1e-12);
  EXPECT_NEAR(over.high - over.mean, 0.248413, 1e-5);
  EXPECT_NEAR(over.mean - over.low, 0.248413, 1e-5);
  EXPECT_EQ(over.n, 3);
  // p of t = 0.7 / 0.057735 = 12.124 with 2 degrees of freedom: 1 - t / sqrt(t^2 + 2) = 0.006735.
  EXPECT_NEAR(over.p_zero, 0.006735, 1e-5);
}

TEST(IntervalOverRuns, StaysWithinItsScale) {
  const std::vector<Estimate> runs = {Figure(0.05, 0, 0.1), Figure(0.448, 0.4, 0.5)};
  const Estimate over = IntervalOverRuns(runs, nullptr, kShareScale);
  EXPECT_EQ(over.low, 0);
  EXPECT_EQ(over.high, 1);
  EXPECT_LT(IntervalOverRuns(runs, nullptr, kShareScale.OfDifference()).low, -0.9);
  EXPECT_LT(IntervalOverRuns(runs, nullptr, kNoScale).low, -1);
}

TEST(IntervalOverRuns, AddsTheVarianceOfPromptsThatAllRunsShare) {
  // Two runs, 0.6 and 0.7: s^2 / 2 = 0.0025. The pooled [0.552, 0.748] is 0.098 / 1.959964 = 0.0500009 on either side, its square
  // 0.00250009. Together 0.00500009; df = (2 - 1) (0.00500009 / 0.0025)^2 = 4.0001, t = 2.77645: half width 0.196326.
  const Estimate pooled = Figure(0.65, 0.552, 0.748);
  const Estimate over = IntervalOverRuns({Figure(0.6, 0, 1), Figure(0.7, 0, 1)}, &pooled, kShareScale);
  EXPECT_NEAR(over.mean, 0.65, 1e-12);
  EXPECT_NEAR(over.high - over.mean, 0.19632, 1e-4);
  // Runs that agree leave the luck of the prompts, on each side that of this side.
  const Estimate skewed = Figure(0.65, 0.5, 0.748);
  const Estimate agree = IntervalOverRuns({Figure(0.65, 0, 1), Figure(0.65, 0, 1)}, &skewed, kShareScale);
  EXPECT_NEAR(agree.low, 0.5, 1e-9);
  EXPECT_NEAR(agree.high, 0.748, 1e-9);
}

TEST(IntervalOverRuns, OfRunsThatAgreeIsThatOfTheirPrompts) {
  // Four runs with prompts of their own, each 1 [0.97, 1]: sqrt(4 * 0.03^2) / 4 = 0.015 below.
  const Estimate over = IntervalOverRuns(std::vector<Estimate>(4, Figure(1, 0.97, 1)), nullptr, kShareScale);
  EXPECT_NEAR(over.low, 0.985, 1e-9);
  EXPECT_EQ(over.high, 1);
  Estimate unknown;
  unknown.present = true;
  EXPECT_FALSE(IntervalOverRuns({unknown, unknown}, nullptr, kNoScale).has_interval()) << "rises of runs that never moved";
}

TEST(SettleSigns, IsHolmsCorrection) {
  // 0.05 / 4, / 3, / 2, / 1: 0.01 and 0.016 stand, 0.03 does not, and nothing after it.
  std::vector<Estimate> all(5);
  const double p[] = {0.03, 0.01, 0.04, 0.016, 0};
  for (size_t i = 0; i < all.size(); ++i) all[i].p_zero = p[i], all[i].present = i < 4;
  SettleSigns({&all[0], &all[1], &all[2], &all[3], &all[4]});
  EXPECT_FALSE(all[0].settled);
  EXPECT_TRUE(all[1].settled);
  EXPECT_FALSE(all[2].settled) << "0.04 alone would do, but 0.03 before it does not";
  EXPECT_TRUE(all[3].settled);
  EXPECT_FALSE(all[4].settled) << "undefined";
}

}  // namespace
}  // namespace temper
