#include "evaluation/perplexity.h"

#include <cmath>

#include <gtest/gtest.h>

#include "evaluation/quantiles.h"

namespace temper {
namespace {

TEST(Perplexity, IsThatOfAllTokensWithAnIntervalOverAnswers) {
  AnswerScores scores;
  scores.Add(4, 2);
  scores.Add(3, 3);
  scores.Add(5, 1);
  const Estimate perplexity = PerplexityOf(scores);
  ASSERT_TRUE(perplexity.present);
  // 12 nats over 6 tokens: 2 a token. Residuals l - 2 t: 0, -3, 3, so their squares add up to 18 and the standard error is
  // sqrt(3 / 2 * 18) / 6 = 0.8660254.
  EXPECT_NEAR(perplexity.mean, std::exp(2), 1e-12);
  const double error = StudentQuantile(2) * std::sqrt(27.0) / 6;
  EXPECT_NEAR(perplexity.low, std::exp(2 - error), 1e-12);
  EXPECT_NEAR(perplexity.high, std::exp(2 + error), 1e-12);
  EXPECT_EQ(perplexity.n, 3);
  EXPECT_TRUE(perplexity.few);
}

TEST(Perplexity, OfOneAnswerHasNoIntervalAndOfNoneIsAbsent) {
  EXPECT_FALSE(PerplexityOf({}).present);
  AnswerScores one;
  one.Add(std::log(8.0), 3);
  EXPECT_NEAR(PerplexityOf(one).mean, 2, 1e-12);
  EXPECT_FALSE(PerplexityOf(one).has_interval());
}

}  // namespace
}  // namespace temper
