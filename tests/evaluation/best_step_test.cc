#include "evaluation/best_step.h"

#include <limits>

#include <gmock/gmock.h>

namespace temper {
namespace {

using Values = std::map<std::string, double>;

BestStep Fresh(const std::string& figure, BetterFigure better = BetterFigure::kHigher) { return NoBestStep({figure, better}); }

TEST(BestStep, IsTheEarliestOfTheHighestWithItsInterval) {
  BestStep best = Fresh("during/dev/utility");
  EXPECT_TRUE(TakeEvaluation(2, {{"during/dev/utility", 0.5}, {"during/dev/utility_low", 0.4}, {"during/dev/utility_high", 0.7}}, &best));
  EXPECT_FALSE(TakeEvaluation(4, {{"during/dev/utility", 0.5}}, &best)) << "an equal value is not better";
  EXPECT_FALSE(TakeEvaluation(6, {{"during/dev/utility", 0.25}}, &best));
  EXPECT_EQ(best.step, 2);
  EXPECT_EQ(best.value, 0.5);
  ASSERT_TRUE(best.interval);
  EXPECT_EQ(best.interval->first, 0.4);
  EXPECT_EQ(best.interval->second, 0.7);
  EXPECT_EQ(best.evaluations, 3);
  EXPECT_EQ(best.without, 2);
  EXPECT_TRUE(TakeEvaluation(8, {{"during/dev/utility", 0.75}}, &best));
  EXPECT_EQ(best.step, 8);
  EXPECT_FALSE(best.interval) << "this evaluation gives none";
  EXPECT_EQ(best.without, 0);
}

TEST(BestStep, CanBeTheLowestAndGoByABound) {
  BestStep best = Fresh("during/dev/over_refusal_high", BetterFigure::kLower);
  const auto values = [](double low, double high) {
    return Values{
        {"during/dev/over_refusal", (low + high) / 2}, {"during/dev/over_refusal_low", low}, {"during/dev/over_refusal_high", high}};
  };
  EXPECT_TRUE(TakeEvaluation(1, values(0.1, 0.5), &best));
  EXPECT_TRUE(TakeEvaluation(2, values(0.2, 0.375), &best)) << "its upper bound is lower";
  EXPECT_FALSE(TakeEvaluation(3, values(0.0, 0.4), &best));
  EXPECT_EQ(best.value, 0.375);
  EXPECT_EQ(best.interval, std::make_pair(0.2, 0.375)) << "of the figure that the bound is one of";
}

TEST(BestStep, AnEvaluationWithoutTheFigureIsNotBetter) {
  BestStep best = Fresh("during/dev/help_given_safe");
  EXPECT_FALSE(TakeEvaluation(1, {{"during/dev/safety", 1}}, &best));
  EXPECT_FALSE(TakeEvaluation(2, {{"during/dev/help_given_safe", std::numeric_limits<double>::quiet_NaN()}}, &best));
  EXPECT_EQ(best.step, 0);
  EXPECT_EQ(best.without, 2);
  EXPECT_EQ(BestStepText(best), "no evaluation had a figure during/dev/help_given_safe");
}

TEST(BestStep, IsToldInWords) {
  BestStep best = Fresh("during/dev/utility");
  TakeEvaluation(6, {{"during/dev/utility", 0.6125}, {"during/dev/utility_low", 0.5}, {"during/dev/utility_high", 0.75}}, &best);
  EXPECT_EQ(BestStepText(best), "during/dev/utility was best after step 6 (0.613 [0.500, 0.750]; the higher the better), of 1 evaluation");
  TakeEvaluation(8, {}, &best);
  TakeEvaluation(10, {}, &best);
  best.stopped_at = 10;
  EXPECT_THAT(BestStepText(best), ::testing::EndsWith("of 3 evaluations; training ended early, after step 10: 2 evaluations in a row were "
                                                      "not better (eval.stop_after)"));
}

}  // namespace
}  // namespace temper
