// The hinge fit against solutions worked out by hand, and on orders that a known set of weights made.
#include "reward/rbr/hinge_fit.h"

#include <gtest/gtest.h>

#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"

namespace temper {
namespace {

constexpr double kNear = 1e-5;  // the fit ends where no condition is violated by more than 1e-6

// One pair with the difference 1: lambda/2 w^2 + max(0, 1 - w). Its slope is lambda w - 1 below w = 1 and lambda w above: the least value
// is at w = 1 where lambda <= 1, and at w = 1 / lambda where lambda > 1.
TEST(HingeFit, OfOnePairIsTheMarginOrWhatThePenaltyAllows) {
  EXPECT_NEAR(FitHinge({{{1}, 1}}, {.l2 = 0.5}).weights[0], 1, kNear);
  EXPECT_NEAR(FitHinge({{{1}, 1}}, {.l2 = 4}).weights[0], 0.25, kNear);
  EXPECT_NEAR(FitHinge({{{1}, 1}}, {.l2 = 4}).loss, 0.75, kNear);
  EXPECT_NEAR(FitHinge({{{1}, 3}}, {.l2 = 0.1}).weights[0], 3, kNear);      // a margin of 3
  EXPECT_NEAR(FitHinge({{{-2}, 1}}, {.l2 = 0.1}).weights[0], -0.5, kNear);  // the worse one has it twice
}

// Differences (1, 0) and (1, 1), margin 1, a small penalty: w1 >= 1 and w1 + w2 >= 1 with the least |w|: (1, 0). Every pair is right, none
// costs anything.
TEST(HingeFit, TakesTheShortestWeightsThatKeepAllMargins) {
  const HingeFit fit = FitHinge({{{1, 0}, 1}, {{1, 1}, 1}}, {.l2 = 0.01});
  EXPECT_NEAR(fit.weights[0], 1, kNear);
  EXPECT_NEAR(fit.weights[1], 0, kNear);
  EXPECT_NEAR(fit.loss, 0, kNear);
  EXPECT_EQ(fit.order_accuracy, 1);
  EXPECT_TRUE(fit.converged);
}

// Two pairs say 1, one says -1, lambda = 1: the objective is w^2/2 + (2 max(0, 1 - w) + max(0, 1 + w)) / 3, whose slope between -1 and 1 is
// w - 1/3: w = 1/3. The loss there is (2 * 2/3 + 4/3) / 3 = 8/9, and two pairs of three are right.
TEST(HingeFit, WeighsPairsThatContradictEachOther) {
  const HingeFit fit = FitHinge({{{1}, 1}, {{1}, 1}, {{-1}, 1}}, {.l2 = 1});
  EXPECT_NEAR(fit.weights[0], 1.0 / 3, kNear);
  EXPECT_NEAR(fit.loss, 8.0 / 9, kNear);
  EXPECT_NEAR(fit.order_accuracy, 2.0 / 3, 1e-12);
}

TEST(HingeFit, LeavesIgnoredWeightsAtZeroAndTiesUntold) {
  const HingeFit fit = FitHinge({{{1, 1}, 1}, {{0, 0}, 1}}, {.l2 = 0.01, .ignored = {true, false}});
  EXPECT_EQ(fit.weights[0], 0);
  EXPECT_NEAR(fit.weights[1], 1, kNear);
  EXPECT_EQ(fit.order_accuracy, 0.75);  // one right, one that nothing tells apart
}

TEST(HingeFit, FindsAnOrderThatWeightsMade) {
  const std::vector<double> truth = {2, -1, 0.5, 0, -3};
  KeyedStream stream(3, "hinge_fit_test");
  std::vector<OrderedPair> pairs;
  while (pairs.size() < 400) {
    OrderedPair pair;
    double ahead = 0;
    for (const double weight : truth) {
      pair.difference.push_back(static_cast<double>(stream.Below(3)) - 1);
      ahead += weight * pair.difference.back();
    }
    if (ahead == 0) continue;
    if (ahead < 0)
      for (double& each : pair.difference) each = -each;
    pairs.push_back(pair);
  }
  const HingeFit fit = FitHinge(pairs, {.l2 = 1e-4, .max_passes = 20000});
  EXPECT_EQ(fit.order_accuracy, 1);
  EXPECT_LT(fit.loss, 0.01);
  EXPECT_EQ(FitHinge(pairs, {.l2 = 1e-4, .max_passes = 20000}).weights, fit.weights);  // the same bits
}

TEST(HingeFit, RefusesWhatIsNoProblem) {
  EXPECT_THROW(FitHinge({}, {}), Error);
  EXPECT_THROW(FitHinge({{{1}, 1}, {{1, 2}, 1}}, {}), Error);
  EXPECT_THROW(FitHinge({{{1}, 1}}, {.l2 = 0}), Error);
}

}  // namespace
}  // namespace temper
