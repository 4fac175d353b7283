// Student's t against tables, and intervals computed by hand.
#include "evaluation/intervals.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace temper {
namespace {

Estimate Figure(double mean, double low, double high) { return {mean, low, high, 100, true}; }

TEST(StudentQuantile, IsThatOfTheTables) {
  // Two-sided 95 %, as printed in tables of the distribution.
  const std::pair<double, double> table[] = {{1, 12.7062},  {2, 4.30265},  {3, 3.18245},   {4, 2.77645},   {5, 2.57058},
                                             {10, 2.22814}, {30, 2.04227}, {120, 1.97993}, {1000, 1.96234}};
  for (const auto& [df, t] : table) EXPECT_NEAR(StudentQuantile(df), t, 5e-5 * t) << df;
  EXPECT_NEAR(StudentQuantile(std::numeric_limits<double>::infinity()), 1.959964, 1e-6);
  EXPECT_NEAR(StudentQuantile(2e5), 1.959976, 2e-6);
  EXPECT_LT(StudentQuantile(1.5), StudentQuantile(1));
  EXPECT_GT(StudentQuantile(1.5), StudentQuantile(2));
}

TEST(IntervalOverRuns, OfOneRunIsItsOwn) {
  const Estimate over = IntervalOverRuns({Figure(0.5, 0.4, 0.7)}, nullptr);
  EXPECT_TRUE(over.present);
  EXPECT_EQ(over.mean, 0.5);
  EXPECT_EQ(over.low, 0.4);
  EXPECT_EQ(over.high, 0.7);
  EXPECT_EQ(over.n, 1);
  EXPECT_FALSE(IntervalOverRuns({}, nullptr).present);
}

TEST(IntervalOverRuns, OfSeveralIsStudentsOverTheirMeans) {
  // Means 0.6, 0.7, 0.8: s = 0.1, standard error 0.1 / sqrt(3) = 0.057735, t(2) = 4.30265.
  const Estimate over = IntervalOverRuns({Figure(0.6, 0, 1), Figure(0.8, 0, 1), Figure(0.7, 0, 1)}, nullptr);
  EXPECT_NEAR(over.mean, 0.7, 1e-12);
  EXPECT_NEAR(over.high - over.mean, 0.248413, 1e-5);
  EXPECT_NEAR(over.mean - over.low, 0.248413, 1e-5);
  EXPECT_EQ(over.n, 3);
}

TEST(IntervalOverRuns, AddsTheVarianceOfPromptsThatAllRunsShare) {
  // Two runs, 0.6 and 0.7: s^2 / 2 = 0.0025. The pooled bootstrap [0.552, 0.748] has a standard error of 0.196 / 3.919928 = 0.0500009, its
  // square 0.00250009. Together 0.00500009; df = (2 - 1) (0.00500009 / 0.0025)^2 = 4.0001, t = 2.77645: half width 0.196326.
  const Estimate pooled = Figure(0.65, 0.552, 0.748);
  const Estimate over = IntervalOverRuns({Figure(0.6, 0, 1), Figure(0.7, 0, 1)}, &pooled);
  EXPECT_NEAR(over.mean, 0.65, 1e-12);
  EXPECT_NEAR(over.high - over.mean, 0.19632, 1e-4);
  // Runs that agree leave the luck of the prompts: 1.96 standard errors of it.
  const Estimate agree = IntervalOverRuns({Figure(0.65, 0, 1), Figure(0.65, 0, 1)}, &pooled);
  EXPECT_NEAR(agree.low, 0.552, 1e-9);
  EXPECT_NEAR(agree.high, 0.748, 1e-9);
}

}  // namespace
}  // namespace temper
