#include "rollout/engine/first_token_gate.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"
#include "rollout/engine/sampler.h"

namespace temper {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::Pointwise;

constexpr double kRounding = 1e-6;  // of logits in fp32
constexpr float kNever = -std::numeric_limits<float>::infinity();

// Shares 0.5, 0.3, 0.2 among the marked tokens.
const std::vector<float> kLogits = {std::log(0.5f) + 2, std::log(0.3f) + 2, std::log(0.2f) + 2};

FirstTokenGate GateOf(std::vector<GatedToken> rules) {
  for (size_t i = 0; i < rules.size(); ++i) rules[i].id = static_cast<int64_t>(i);
  return {.tokens = std::move(rules)};
}

void ExpectShares(const std::vector<double>& shares, const std::vector<double>& expected) {
  EXPECT_THAT(shares, Pointwise(DoubleNear(kRounding), expected));
}

TEST(FirstTokenGate, WithoutRulesLeavesTheSharesOfTheMarkedTokens) {
  const FirstTokenGate gate = GateOf({{}, {}, {}});
  EXPECT_EQ(GatedLogits(gate, kLogits, 0), kLogits);
  ExpectShares(FirstTokenShares(gate, kLogits, 1), {0.5, 0.3, 0.2});
  ExpectShares(FirstTokenShares(gate, kLogits, 0), {1, 0, 0});
  ExpectShares(FirstTokenShares(gate, kLogits, 0.5), {0.25 / 0.38, 0.09 / 0.38, 0.04 / 0.38});
}

TEST(FirstTokenGate, GivesATokenOutFromItsThresholdOnAndNotBelow) {
  ExpectShares(FirstTokenShares(GateOf({{}, {.threshold = 0.29}, {}}), kLogits, 1), {0, 1, 0});
  ExpectShares(FirstTokenShares(GateOf({{}, {.threshold = 0.31}, {}}), kLogits, 1), {5.0 / 7, 0, 2.0 / 7});
  ExpectShares(FirstTokenShares(GateOf({{}, {.threshold = 0}, {}}), kLogits, 1), {0, 1, 0});
  ExpectShares(FirstTokenShares(GateOf({{}, {.threshold = 2}, {}}), kLogits, 0), {1, 0, 0});
  // Of two that reach theirs the more probable one.
  ExpectShares(FirstTokenShares(GateOf({{}, {.threshold = 0.1}, {.threshold = 0.1}}), kLogits, 1), {0, 1, 0});
  ExpectShares(FirstTokenShares(GateOf({{}, {.threshold = 0.9}, {.threshold = 0.1}}), kLogits, 1), {0, 0, 1});
}

TEST(FirstTokenGate, AddsABiasToALogit) {
  // 0.2 e^ln 2 = 0.4 beside 0.5 and 0.3.
  ExpectShares(FirstTokenShares(GateOf({{}, {}, {.bias = std::log(2)}}), kLogits, 1), {0.5 / 1.2, 0.3 / 1.2, 0.4 / 1.2});
  // Below its threshold token 0 is out, and the bias counts among the others.
  ExpectShares(FirstTokenShares(GateOf({{.threshold = 0.6}, {}, {.bias = std::log(2)}}), kLogits, 1), {0, 3.0 / 7, 4.0 / 7});
  // A bias moves nobody's threshold test.
  ExpectShares(FirstTokenShares(GateOf({{.threshold = 0.5 - kRounding}, {}, {.bias = 10}}), kLogits, 1), {1, 0, 0});
}

TEST(FirstTokenGate, KeepsTheMostProbableWhereNoTokenIsLeft) {
  ExpectShares(FirstTokenShares(GateOf({{.threshold = 2}, {.threshold = 2}, {.threshold = 2}}), kLogits, 1), {1, 0, 0});
}

TEST(FirstTokenGate, MakesCompletionsBeginWithEachTokenInTurn) {
  FirstTokenGate gate = GateOf({{}, {.threshold = 2}, {}});
  gate.in_turn = true;
  EXPECT_THAT(GatedLogits(gate, kLogits, 1), ElementsAre(kNever, kLogits[1], kNever));
  EXPECT_THAT(GatedLogits(gate, kLogits, 5), ElementsAre(kNever, kNever, kLogits[2]));
}

// For random logits, temperatures and thresholds of the others.
TEST(FirstTokenGate, AHigherThresholdNeverMakesItsTokenLikelier) {
  KeyedStream stream(3, "gate");
  for (int round = 0; round < 200; ++round) {
    std::vector<float> logits;
    for (int i = 0; i < 4; ++i) logits.push_back(static_cast<float>(2 * stream.Normal()));
    FirstTokenGate gate = GateOf({{}, {}, {}, {}});
    if (round % 2 == 1) gate.tokens[3].threshold = stream.Uniform();
    const double temperature = round % 3 * 0.7;
    double last = 1;
    for (int step = 0; step <= 50; ++step) {
      gate.tokens[1].threshold = step / 50.0;
      const double share = FirstTokenShares(gate, logits, temperature)[1];
      EXPECT_LE(share, last + 1e-12) << "round " << round << " threshold " << gate.tokens[1].threshold;
      last = share;
    }
    gate.tokens[1].threshold = 2;
    EXPECT_EQ(FirstTokenShares(gate, logits, temperature)[1], 0);
  }
}

TEST(FirstTokenGate, RefusesLogitsOfOtherTokens) { EXPECT_THROW(GatedLogits(GateOf({{}, {}}), kLogits, 0), Error); }

// Tokens 0 to 4 with probabilities 0.1, 0.2, 0.4, 0.2, 0.1; the gate marks 1, 3 and 4, whose shares are 0.4, 0.4 and 0.2.
class GatedSampler : public ::testing::Test {
 protected:
  GatedSampler() {
    for (const float p : {0.1f, 0.2f, 0.4f, 0.2f, 0.1f}) logits_.push_back(std::log(p) - 1);
    options_.gate.tokens = {{.id = 1}, {.id = 3, .bias = std::log(2)}, {.id = 4, .threshold = 0.25}};
  }
  std::vector<float> logits_;
  SamplingOptions options_;
  Sampler sampler_;
};

// Token 4 stays below its threshold; 1 and 3 are 0.2 and 0.2 x 2: a third and two thirds.
TEST_F(GatedSampler, RecordsTheLogProbabilityOfTheGatedDistributionAndThePolicysOwn) {
  const SampledToken low = sampler_.Draw(logits_, options_, 0, 0.3);
  EXPECT_EQ(low.token, 1);
  EXPECT_NEAR(low.logprob, std::log(1.0 / 3), kRounding);
  EXPECT_NEAR(low.policy_logprob, std::log(0.2), kRounding);
  const SampledToken high = sampler_.Draw(logits_, options_, 0, 0.4);
  EXPECT_EQ(high.token, 3);
  EXPECT_NEAR(high.logprob, std::log(2.0 / 3), kRounding);
  EXPECT_NEAR(high.policy_logprob, std::log(0.2), kRounding);
}

// With temperature 0.5: 0.2^2 beside (0.2 x 2)^2, a fifth and four fifths.
TEST_F(GatedSampler, ScalesWhatTheGateLeavesByTheTemperature) {
  options_.temperature = 0.5;
  EXPECT_NEAR(sampler_.Draw(logits_, options_, 0, 0.9).logprob, std::log(4.0 / 5), kRounding);
  EXPECT_EQ(sampler_.Draw(logits_, options_, 0, 0.19).token, 1);
  options_.temperature = 0;
  EXPECT_EQ(sampler_.Draw(logits_, options_, 0, 0.9).token, 3);
}

TEST_F(GatedSampler, RecordsCertaintyWhereTheThresholdDecides) {
  options_.gate.tokens[2].threshold = 0.15;
  for (const double uniform : {0.0, 0.5, 0.99}) {
    const SampledToken drawn = sampler_.Draw(logits_, options_, 0, uniform);
    EXPECT_EQ(drawn.token, 4);
    EXPECT_NEAR(drawn.logprob, 0, kRounding);
    EXPECT_NEAR(drawn.policy_logprob, std::log(0.1), kRounding);
  }
}

TEST_F(GatedSampler, LeavesLaterTokensAlone) {
  const SampledToken drawn = sampler_.Draw(logits_, options_, 1, 0.5);
  EXPECT_EQ(drawn.token, 2);
  EXPECT_NEAR(drawn.logprob, std::log(0.4), kRounding);
}

TEST_F(GatedSampler, DrawsTheSharesThatTheSweepWeighsBy) {
  const std::vector<float> marked = {logits_[1], logits_[3], logits_[4]};
  const std::vector<double> shares = FirstTokenShares(options_.gate, marked, options_.temperature);
  std::vector<double> counts(5);
  constexpr int kDraws = 20000;
  for (int i = 0; i < kDraws; ++i) ++counts[static_cast<size_t>(sampler_.Draw(logits_, options_, 0, (i + 0.5) / kDraws).token)];
  for (size_t i = 0; i < marked.size(); ++i)
    EXPECT_NEAR(counts[static_cast<size_t>(options_.gate.tokens[i].id)] / kDraws, shares[i], 1.0 / kDraws + kRounding);
}

}  // namespace
}  // namespace temper
