// ASR@k by hand.
#include "evaluation/attacks/best_of_k.h"

#include <cmath>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"

namespace temper {
namespace {

TEST(AtLeastOneOf, IsTheShareOfTheChoicesThatHoldASuccess) {
  // Of 4 tries with 1 success: 1 of 4 alone, 3 of the 6 pairs, 3 of the 4 triples, all of them.
  EXPECT_DOUBLE_EQ(AtLeastOneOf(4, 1, 1), 0.25);
  EXPECT_DOUBLE_EQ(AtLeastOneOf(4, 1, 2), 0.5);
  EXPECT_DOUBLE_EQ(AtLeastOneOf(4, 1, 3), 0.75);
  EXPECT_DOUBLE_EQ(AtLeastOneOf(4, 1, 4), 1);
  // With 2 successes: 1 - C(2, 2) / C(4, 2) = 5/6.
  EXPECT_DOUBLE_EQ(AtLeastOneOf(4, 2, 2), 1 - 1.0 / 6);
  EXPECT_EQ(AtLeastOneOf(4, 0, 4), 0);
  EXPECT_EQ(AtLeastOneOf(4, 4, 1), 1);
  // 1 - C(990, 20) / C(1000, 20) = 1 - prod_{i=991}^{1000} (1 - 20 / i); both factorials overflow a double.
  EXPECT_NEAR(AtLeastOneOf(1000, 10, 20), 0.18368, 5e-6);
}

TEST(AtLeastOneOf, RefusesMoreChoicesThanTries) {
  EXPECT_THROW(AtLeastOneOf(4, 1, 5), Error);
  EXPECT_THROW(AtLeastOneOf(4, 1, 0), Error);
  EXPECT_THROW(AtLeastOneOf(4, 5, 1), Error);
}

TEST(AsrCurve, IsTheMeanOverPromptsAndNeverFalls) {
  const auto curve = AsrCurve({{"a", 4, 1}, {"b", 4, 0}, {"c", 4, 2}, {"d", 4, 4}}, 4);
  ASSERT_EQ(curve.size(), 4U);
  EXPECT_DOUBLE_EQ(curve[0].asr.mean, (0.25 + 0 + 0.5 + 1) / 4);
  EXPECT_DOUBLE_EQ(curve[1].asr.mean, (0.5 + 0 + 5.0 / 6 + 1) / 4);
  EXPECT_DOUBLE_EQ(curve[3].asr.mean, 0.75);
  for (size_t k = 1; k < 4; ++k) EXPECT_GE(curve[k].asr.mean, curve[k - 1].asr.mean);
  for (const AsrPoint& point : curve) {
    EXPECT_EQ(point.asr.n, 4);
    EXPECT_LT(point.asr.low, point.asr.mean);
    EXPECT_GE(point.asr.high, point.asr.mean);
  }
}

TEST(AsrCurve, LeavesOutPromptsWithTooFewGradedTries) {
  const auto curve = AsrCurve({{"a", 2, 2}, {"b", 1, 0}, {"c", 0, 0}}, 3);
  EXPECT_DOUBLE_EQ(curve[0].asr.mean, 0.5);
  EXPECT_EQ(curve[1].asr.n, 1);
  EXPECT_EQ(curve[1].asr.mean, 1);
  EXPECT_FALSE(curve[2].asr.present) << "nobody has three tries";
}

// The estimate of ASR@k from n >= k tries has no bias: its mean over many draws is 1 - (1 - p)^k.
TEST(AsrCurve, HasNoBias) {
  constexpr double kP = 0.15;
  KeyedStream stream(1, "asr", 0);
  double sum = 0;
  constexpr int kDraws = 20000;
  for (int draw = 0; draw < kDraws; ++draw) {
    int64_t successes = 0;
    for (int i = 0; i < 8; ++i) successes += stream.Uniform() < kP;
    sum += AtLeastOneOf(8, successes, 5);
  }
  // Five standard errors of a mean of values in [0, 1].
  EXPECT_NEAR(sum / kDraws, 1 - std::pow(1 - kP, 5), 5 * 0.5 / std::sqrt(kDraws));
}

}  // namespace
}  // namespace temper
