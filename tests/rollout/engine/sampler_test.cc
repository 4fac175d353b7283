#include "rollout/engine/sampler.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"

namespace temper {
namespace {

// Probabilities 0.5, 0.25, 0.125, 0.0625, 0.0625 in a shuffled order of ids.
const std::vector<float> kProbabilities = {0.0625f, 0.5f, 0.125f, 0.0625f, 0.25f};

std::vector<float> LogitsOf(const std::vector<float>& probabilities) {
  std::vector<float> logits;
  for (const float p : probabilities) logits.push_back(std::log(p) + 3.0f);  // a constant must not matter
  return logits;
}

std::vector<double> Frequencies(const std::vector<float>& logits, const SamplingOptions& options, int64_t draws, uint64_t seed) {
  Sampler sampler;
  std::vector<double> counts(logits.size());
  for (int64_t i = 0; i < draws; ++i) {
    const double uniform = UniformAt({seed, 0, 0, 0}, static_cast<uint32_t>(i));
    counts[sampler.Draw(logits, options, 0, uniform).token] += 1;
  }
  return counts;
}

double ChiSquare(const std::vector<double>& counts, const std::vector<double>& probabilities, double draws) {
  double sum = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    const double expected = probabilities[i] * draws;
    if (expected > 0)
      sum += (counts[i] - expected) * (counts[i] - expected) / expected;
    else
      EXPECT_EQ(counts[i], 0);
  }
  return sum;
}

TEST(Sampler, DrawsEachTokenAsOftenAsItsProbabilitySays) {
  const std::vector<double> exact(kProbabilities.begin(), kProbabilities.end());
  const auto counts = Frequencies(LogitsOf(kProbabilities), {}, 200000, 1);
  EXPECT_LT(ChiSquare(counts, exact, 200000), 18.47);  // 4 degrees of freedom, p = 0.001
}

TEST(Sampler, DrawsFromALargeVocabularyAsSoftmaxSays) {
  KeyedStream stream(3, "logits");
  std::vector<float> logits(331);
  std::vector<double> exact(logits.size());
  double total = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    logits[i] = static_cast<float>(stream.Normal());
    total += exact[i] = std::exp(double{logits[i]} / 0.7);
  }
  for (double& p : exact) p /= total;
  const auto counts = Frequencies(logits, {.temperature = 0.7, .stop_ids = {}}, 400000, 2);
  EXPECT_LT(ChiSquare(counts, exact, 400000), 413.0);  // 330 degrees of freedom, p = 0.001
}

TEST(Sampler, InvertsTheCumulativeDistributionInTheOrderOfIds) {
  Sampler sampler;
  const auto logits = LogitsOf(kProbabilities);
  // Cumulative: 0.0625, 0.5625, 0.6875, 0.75, 1.
  const std::vector<std::pair<double, int32_t>> cases = {{0.0, 0},   {0.062, 0}, {0.063, 1}, {0.562, 1}, {0.563, 2},
                                                         {0.687, 2}, {0.688, 3}, {0.749, 3}, {0.751, 4}, {1 - 0x1p-53, 4}};
  for (const auto& [uniform, token] : cases) EXPECT_EQ(sampler.Draw(logits, {}, 0, uniform).token, token) << uniform;
}

TEST(Sampler, GivesTheLogProbabilityUnderThePolicyWhateverTheSamplingOptions) {
  Sampler sampler;
  const auto logits = LogitsOf(kProbabilities);
  const SampledToken plain = sampler.Draw(logits, {}, 0, 0.9);  // token 4, p = 0.25
  EXPECT_EQ(plain.policy_logprob, plain.logprob);
  EXPECT_NEAR(plain.logprob, std::log(0.25), 1e-6);
  EXPECT_NEAR(sampler.Draw(logits, {.temperature = 0, .stop_ids = {}}, 0, 0.9).policy_logprob, std::log(0.5), 1e-6);
  const SampledToken truncated = sampler.Draw(logits, {.top_k = 2, .stop_ids = {}}, 0, 0.99);
  EXPECT_NEAR(truncated.logprob, std::log(0.25 / 0.75), 1e-6);
  EXPECT_NEAR(truncated.policy_logprob, std::log(0.25), 1e-6);
  // Token 1 is a stop token that may not be drawn yet: 4 is drawn among the rest, of mass 0.5.
  const SampledToken withheld = sampler.Draw(logits, {.min_new_tokens = 3, .stop_ids = {1}}, 0, 0.99);
  EXPECT_NEAR(withheld.logprob, std::log(0.25 / 0.5), 1e-6);
  EXPECT_NEAR(withheld.policy_logprob, std::log(0.25), 1e-6);
}

TEST(Sampler, GivesTheLogProbabilityUnderTheTemperedDistribution) {
  Sampler sampler;
  const SamplingOptions options{.temperature = 0.5, .stop_ids = {}};
  // p^2 / sum p^2 = 0.25 / 0.3359375 for token 1.
  const SampledToken drawn = sampler.Draw(LogitsOf(kProbabilities), options, 0, 0.3);
  EXPECT_EQ(drawn.token, 1);
  EXPECT_NEAR(drawn.logprob, std::log(0.25 / 0.3359375), 1e-6);
  EXPECT_NEAR(drawn.policy_logprob, std::log(0.5), 1e-6);
}

TEST(Sampler, TopKKeepsTheMostProbableAndRenormalises) {
  const SamplingOptions options{.top_k = 2, .stop_ids = {}};
  const auto counts = Frequencies(LogitsOf(kProbabilities), options, 60000, 4);
  EXPECT_LT(ChiSquare(counts, {0, 2.0 / 3, 0, 0, 1.0 / 3}, 60000), 10.83);  // 1 degree of freedom, p = 0.001
  Sampler sampler;
  EXPECT_NEAR(sampler.Draw(LogitsOf(kProbabilities), options, 0, 0.9).logprob, std::log(1.0 / 3), 1e-6);
}

TEST(Sampler, TopKOfEqualTokensKeepsTheLowerId) {
  const auto counts = Frequencies(LogitsOf(kProbabilities), {.top_k = 4, .stop_ids = {}}, 2000, 5);
  EXPECT_GT(counts[0], 0);
  EXPECT_EQ(counts[3], 0);
}

TEST(Sampler, TopPKeepsTheFewestTokensThatReachTheMass) {
  // 0.5 + 0.25 = 0.75 reaches 0.7 and, just, 0.75; 0.76 needs 0.125 more.
  const auto at_70 = Frequencies(LogitsOf(kProbabilities), {.top_p = 0.7, .stop_ids = {}}, 60000, 6);
  EXPECT_LT(ChiSquare(at_70, {0, 2.0 / 3, 0, 0, 1.0 / 3}, 60000), 10.83);
  const auto at_76 = Frequencies(LogitsOf(kProbabilities), {.top_p = 0.76, .stop_ids = {}}, 60000, 7);
  EXPECT_LT(ChiSquare(at_76, {0, 4.0 / 7, 1.0 / 7, 0, 2.0 / 7}, 60000), 13.82);  // 2 degrees of freedom
}

TEST(Sampler, TopPIsTakenOfWhatTopKLeft) {
  // Top 2 leaves 2/3 and 1/3; the first alone reaches 0.6.
  const auto counts = Frequencies(LogitsOf(kProbabilities), {.top_k = 2, .top_p = 0.6, .stop_ids = {}}, 1000, 8);
  EXPECT_EQ(counts[1], 1000);
}

TEST(Sampler, GreedyTakesTheFirstOfTheLargest) {
  Sampler sampler;
  const std::vector<float> logits = {1, 4, 4, 2};
  const SampledToken drawn = sampler.Draw(logits, {.temperature = 0, .stop_ids = {}}, 0, 0.99);
  EXPECT_EQ(drawn.token, 1);
  EXPECT_EQ(drawn.logprob, 0.0f);
}

TEST(Sampler, DrawsNoStopTokenBeforeTheMinimum) {
  Sampler sampler;
  const SamplingOptions options{.min_new_tokens = 3, .stop_ids = {1}};
  const auto logits = LogitsOf(kProbabilities);
  for (uint32_t i = 0; i < 2000; ++i) EXPECT_NE(sampler.Draw(logits, options, 2, UniformAt({9, 0, 0, 0}, i)).token, 1);
  EXPECT_EQ(sampler.Draw(logits, options, 3, 0.3).token, 1);
  EXPECT_EQ(sampler.Draw(logits, {.temperature = 0, .min_new_tokens = 3, .stop_ids = {1}}, 0, 0.3).token, 4);
  // Without token 1 the others sum to 0.5: token 4 has 0.25 / 0.5.
  EXPECT_NEAR(sampler.Draw(logits, options, 0, 0.99).logprob, std::log(0.5), 1e-6);
}

TEST(Sampler, RefusesLogitsThatAreNotNumbers) {
  Sampler sampler;
  EXPECT_THROW(sampler.Draw(std::vector<float>{1, NAN, 2}, {}, 0, 0.5), Error);
  EXPECT_THROW(sampler.Draw(std::vector<float>{1, INFINITY, 2}, {}, 0, 0.5), Error);
  EXPECT_THROW(sampler.Draw(std::vector<float>{1, 2}, {.min_new_tokens = 1, .stop_ids = {0, 1}}, 0, 0.5), Error);
}

TEST(Sampler, NamesTheOptionThatIsOutOfRange) {
  EXPECT_THROW(CheckSamplingOptions({.temperature = -1, .stop_ids = {}}, 5), ConfigError);
  EXPECT_THROW(CheckSamplingOptions({.top_k = -1, .stop_ids = {}}, 5), ConfigError);
  EXPECT_THROW(CheckSamplingOptions({.top_p = 0, .stop_ids = {}}, 5), ConfigError);
  EXPECT_THROW(CheckSamplingOptions({.max_new_tokens = 0, .stop_ids = {}}, 5), ConfigError);
  EXPECT_THROW(CheckSamplingOptions({.stop_ids = {5}}, 5), ConfigError);
  EXPECT_NO_THROW(CheckSamplingOptions({}, 5));
  const auto problem = [](const std::string& section) -> std::string {
    try {
      CheckSamplingOptions({.max_new_tokens = 2, .min_new_tokens = 3, .stop_ids = {}}, 5, section);
      return "none";
    } catch (const ConfigError& error) {
      return error.what();
    }
  };
  EXPECT_EQ(problem("rollout"), "rollout: min_new_tokens must be at most max_new_tokens");
  EXPECT_EQ(problem(""), "min_new_tokens must be at most max_new_tokens");
}

}  // namespace
}  // namespace temper
