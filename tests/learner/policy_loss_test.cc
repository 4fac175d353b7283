#include "learner/policy_loss.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "cluster/base/error.h"
#include "tests/learner/learner_fixture.h"

namespace temper {
namespace {

RlOptions Plain() {
  RlOptions options;
  options.clip_low = 0.2;
  options.clip_high = 0.28;
  options.dual_clip = 0;
  options.kl_coef = 0;
  options.entropy_coef = 0;
  options.tis_cap = 0;
  return options;
}

// pi / old = ratio at log pi = -1.
TokenObservation WithRatio(double ratio, double advantage) {
  TokenObservation token;
  token.logprob = -1;
  token.old_logprob = token.behaviour_logprob = -1 - std::log(ratio);
  token.advantage = advantage;
  return token;
}

TEST(PolicyLossTest, PpoClipIsTheSmallerObjective) {
  const RlOptions options = Plain();
  // Inside the range: -rho A, slope -rho A.
  TokenLoss loss = ComputeTokenLoss(WithRatio(1.1, 2), options, false);
  EXPECT_NEAR(loss.loss, -2.2, 1e-12);
  EXPECT_NEAR(loss.d_logprob, -2.2, 1e-12);
  EXPECT_FALSE(loss.clipped);
  // Above it with A > 0: held at 1.28.
  loss = ComputeTokenLoss(WithRatio(1.5, 2), options, false);
  EXPECT_NEAR(loss.loss, -2.56, 1e-12);
  EXPECT_EQ(loss.d_logprob, 0);
  EXPECT_TRUE(loss.clipped);
  // Above it with A < 0: the free one is smaller, the gradient pulls back.
  loss = ComputeTokenLoss(WithRatio(1.5, -2), options, false);
  EXPECT_NEAR(loss.loss, 3.0, 1e-12);
  EXPECT_NEAR(loss.d_logprob, 3.0, 1e-12);
  EXPECT_FALSE(loss.clipped);
  // Below it with A < 0: held at 0.8.
  loss = ComputeTokenLoss(WithRatio(0.5, -2), options, false);
  EXPECT_NEAR(loss.loss, 1.6, 1e-12);
  EXPECT_EQ(loss.d_logprob, 0);
  EXPECT_TRUE(loss.clipped);
}

TEST(PolicyLossTest, DualClipBoundsTheObjectiveOfBadTokens) {
  RlOptions options = Plain();
  options.dual_clip = 3;
  // rho A = -10 would be the objective; 3 A = -6 is larger.
  TokenLoss loss = ComputeTokenLoss(WithRatio(5, -2), options, false);
  EXPECT_NEAR(loss.loss, 6, 1e-12);
  EXPECT_EQ(loss.d_logprob, 0);
  EXPECT_TRUE(loss.clipped);
  loss = ComputeTokenLoss(WithRatio(2, -2), options, false);
  EXPECT_NEAR(loss.loss, 4, 1e-12);
  EXPECT_NEAR(loss.d_logprob, 4, 1e-12);
  // Good tokens are not touched.
  EXPECT_NEAR(ComputeTokenLoss(WithRatio(1.1, 2), options, false).loss, -2.2, 1e-12);
}

TEST(PolicyLossTest, ReinforceIsTheLogProbTimesTheAdvantageCorrectedByTheRatio) {
  RlOptions options = Plain();
  options.loss = &PolicyLosses().At("reinforce");
  TokenLoss loss = ComputeTokenLoss(WithRatio(1, 3), options, false);
  EXPECT_NEAR(loss.loss, 3, 1e-12);  // -3 * -1
  EXPECT_NEAR(loss.d_logprob, -3, 1e-12);
  loss = ComputeTokenLoss(WithRatio(1.7, 3), options, false);  // a later pass over the batch
  EXPECT_NEAR(loss.loss, 5.1, 1e-12);
  EXPECT_NEAR(loss.d_logprob, -5.1, 1e-12);
}

// A policy that has all but given a token up: log pi -12, log ref -1. verl's kl_penalty clamps k3 to 10; its gradient is 0 there.
TEST(PolicyLossTest, OneTokenFarFromTheReferenceDoesNotDecideTheStep) {
  const KlEstimate far = EstimateKl(KlEstimator::kK3, -12, -1);
  EXPECT_EQ(far.value, 10);
  EXPECT_EQ(far.d_logprob, 0);
  EXPECT_NEAR(EstimateKl(KlEstimator::kK3, -3, -1).value, std::exp(2.0) - 3, 1e-12);
  EXPECT_EQ(EstimateKl(KlEstimator::kK3, -1, -100).value, 10);
}

TEST(PolicyLossTest, ALogRatioBeyondTwentyCountsAsTwentyWithoutGradient) {
  RlOptions options = Plain();
  TokenObservation token;
  token.logprob = -1;
  token.old_logprob = token.behaviour_logprob = -31;
  token.advantage = -2;
  const TokenLoss loss = ComputeTokenLoss(token, options, false);
  EXPECT_DOUBLE_EQ(loss.ratio, std::exp(20.0));
  EXPECT_DOUBLE_EQ(loss.loss, 2 * std::exp(20.0));
  EXPECT_EQ(loss.d_logprob, 0);
  token.logprob = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(std::isnan(ComputeTokenLoss(token, options, false).loss)) << "what is no number stays none, so that the step is skipped";
}

TEST(PolicyLossTest, TruncatedImportanceWeightStopsAtItsCap) {
  RlOptions options = Plain();
  options.tis_cap = 2;
  TokenObservation token = WithRatio(1, 1);
  token.behaviour_logprob = token.old_logprob - std::log(1.5);
  TokenLoss loss = ComputeTokenLoss(token, options, false);
  EXPECT_NEAR(loss.loss, -1.5, 1e-12);
  EXPECT_FALSE(loss.tis_capped);
  token.behaviour_logprob = token.old_logprob - std::log(4.0);
  loss = ComputeTokenLoss(token, options, false);
  EXPECT_NEAR(loss.loss, -2, 1e-12);
  EXPECT_NEAR(loss.d_logprob, -2, 1e-12);
  EXPECT_TRUE(loss.tis_capped);
}

TEST(PolicyLossTest, KlEstimatorsAtAKnownDistance) {
  // d = log ref - log pi = ln 2.
  const double lp = -2, ref = -2 + std::log(2.0);
  EXPECT_NEAR(EstimateKl(KlEstimator::kK1, lp, ref).value, -std::log(2.0), 1e-12);
  EXPECT_NEAR(EstimateKl(KlEstimator::kK1, lp, ref).d_logprob, 1, 1e-12);
  EXPECT_NEAR(EstimateKl(KlEstimator::kK2, lp, ref).value, 0.2402265069591007, 1e-12);
  EXPECT_NEAR(EstimateKl(KlEstimator::kK2, lp, ref).d_logprob, -std::log(2.0), 1e-12);
  EXPECT_NEAR(EstimateKl(KlEstimator::kK3, lp, ref).value, 1 - std::log(2.0), 1e-12);
  EXPECT_NEAR(EstimateKl(KlEstimator::kK3, lp, ref).d_logprob, -1, 1e-12);
  EXPECT_EQ(EstimateKl(KlEstimator::kK3, lp, lp).value, 0);
}

TEST(PolicyLossTest, KlInTheAdvantageTakesTheChosenEstimateFromIt) {
  RlOptions options = Plain();
  options.kl_coef = 0.5;
  options.kl_in = KlPlace::kAdvantage;
  options.kl_estimator = KlEstimator::kK1;
  TokenObservation token = WithRatio(1, 1);
  token.reference_logprob = -1.4;  // k1 = old - ref = 0.4: A = 1 - 0.2
  TokenLoss loss = ComputeTokenLoss(token, options, true);
  EXPECT_NEAR(loss.loss, -0.8, 1e-12);
  EXPECT_NEAR(loss.d_logprob, -0.8, 1e-12);
  options.kl_estimator = KlEstimator::kK3;
  loss = ComputeTokenLoss(token, options, true);
  const double k3 = std::exp(-0.4) - 1 + 0.4;
  EXPECT_NEAR(loss.kl, k3, 1e-12);
  EXPECT_NEAR(loss.loss, -(1 - 0.5 * k3), 1e-12);
}

TEST(PolicyLossTest, KlInTheRewardIsInTheAdvantageAlready) {
  RlOptions options = Plain();
  options.kl_coef = 0.5;
  options.kl_in = KlPlace::kReward;
  TokenObservation token = WithRatio(1, 1);
  token.reference_logprob = -1.4;
  const TokenLoss loss = ComputeTokenLoss(token, options, true);
  EXPECT_NEAR(loss.loss, -1, 1e-12);
  EXPECT_NEAR(loss.kl, std::exp(-0.4) - 1 + 0.4, 1e-12) << "it is reported all the same";
}

// Loss and gradient of ppo_clip + .1 rho k3 as TRL computes it with use_bias_correction_kl: eleven tokens, mean over tokens, by PyTorch's
// autograd in float64.
TEST(PolicyLossTest, TheCorrectedPenaltyAgreesWithPyTorch) {
  const double logprob[] = {-0.9, -1.1, -2.5, -2.0, -2.9, -2.6, -1.0, -1.7, -2.4, -0.6, -1.3};
  const double old[] = {-0.95, -1.4, -2.2, -1.9, -2.7, -2.1, -1.3, -1.75, -2.0, -0.65, -1.1};
  const double reference[] = {-0.8, -1.2, -2.1, -2.2, -2.3, -2.25, -1.05, -2.2, -2.1, -0.9, -1.0};
  const double advantage[] = {1.3, 1.3, 1.3, -0.9, -0.9, -0.9, -0.9, -0.9, -2.0, 0.7, 0.7};
  const double expected[] = {-0.125196830568, 0.001227144371, -0.090245128701, 0.075677311327,  0.062521257508, -0.001929870281,
                             0.111056565532,  0.090791594687, -0.00182814558,  -0.064031966779, -0.054333949977};
  RlOptions options;  // ppo_clip .2/.28 dual 3
  options.tis_cap = 0;
  options.kl_coef = 0.1;
  options.kl_off_policy = true;
  double loss = 0;
  for (size_t i = 0; i < std::size(logprob); ++i) {
    const TokenObservation token{logprob[i], old[i], old[i], reference[i], 0, advantage[i]};
    const TokenLoss of = ComputeTokenLoss(token, options, true);
    loss += of.loss / 11;
    EXPECT_NEAR(of.d_logprob / 11, expected[i], 1e-11) << i;
  }
  EXPECT_NEAR(loss, 0.071332733777, 1e-11);
}

// rho = 2, w = 1.5, k1 = 0.4: 0.5 * 2 * 1.5 * 0.4 = 0.6, by the log-prob 0.5 * 2 * 1.5 * (1 + 0.4) = 2.1.
TEST(PolicyLossTest, TheCorrectedPenaltyCountsTheSamplersImportanceUpToItsCap) {
  RlOptions options = Plain();
  options.kl_coef = 0.5;
  options.kl_off_policy = true;
  options.kl_estimator = KlEstimator::kK1;
  options.tis_cap = 4;
  TokenObservation token = WithRatio(2, 0);
  token.behaviour_logprob = token.old_logprob - std::log(1.5);
  token.reference_logprob = token.logprob - 0.4;
  TokenLoss loss = ComputeTokenLoss(token, options, true);
  EXPECT_NEAR(loss.loss, 0.6, 1e-12);
  EXPECT_NEAR(loss.d_logprob, 2.1, 1e-12);
  EXPECT_NEAR(loss.kl, 0.4, 1e-12) << "reported as it is";
  options.tis_cap = 1;
  loss = ComputeTokenLoss(token, options, true);
  EXPECT_NEAR(loss.loss, 0.4, 1e-12);
  EXPECT_NEAR(loss.d_logprob, 1.4, 1e-12);
}

TEST(PolicyLossTest, AggregationWeightsOfThreeCompletions) {
  RlOptions options = Plain();
  const GlobalCounts counts{10, 3};
  options.aggregation = LossAggregation::kTokenMean;
  EXPECT_DOUBLE_EQ(TokenWeight(options, counts, 4), 0.1);
  options.aggregation = LossAggregation::kSeqMeanTokenMean;
  EXPECT_DOUBLE_EQ(TokenWeight(options, counts, 4), 1.0 / 12);
  options.aggregation = LossAggregation::kSeqMeanTokenSum;
  EXPECT_DOUBLE_EQ(TokenWeight(options, counts, 4), 1.0 / 3);
  options.aggregation = LossAggregation::kConstant;
  options.max_completion_tokens = 8;
  EXPECT_DOUBLE_EQ(TokenWeight(options, counts, 4), 1.0 / 24);
  options.step_completions = 16;  // of which three are trained on: the step weighs no more for that
  EXPECT_DOUBLE_EQ(TokenWeight(options, counts, 4), 1.0 / 128);
  EXPECT_EQ(TokenWeight(options, counts, 0), 0);
}

// The observation of token `i` of the golden batch.
TokenObservation GoldenToken(const nlohmann::json& golden, int64_t i) {
  TokenObservation token;
  token.logprob = golden["logprob"][i];
  token.old_logprob = golden["old"][i];
  token.behaviour_logprob = golden["behaviour"][i];
  token.reference_logprob = golden["reference"][i];
  token.entropy = golden["entropy"][i];
  token.advantage = golden["advantage"][i];
  return token;
}

RlOptions GoldenOptions(const nlohmann::json& golden, const nlohmann::json& c) {
  RlOptions options;
  options.loss = &PolicyLosses().At(c["loss"].get<std::string>());
  options.aggregation = ParseEnum<LossAggregation>(c["aggregation"].get<std::string>());
  options.kl_estimator = ParseEnum<KlEstimator>(c["kl_estimator"].get<std::string>());
  options.kl_in = ParseEnum<KlPlace>(c["kl_in"].get<std::string>());
  options.dual_clip = c["dual_clip"];
  options.tis_cap = c["tis_cap"];
  options.clip_low = c["clip_low"];
  options.clip_high = c["clip_high"];
  options.kl_coef = c["kl_coef"];
  options.entropy_coef = c["entropy_coef"];
  options.max_completion_tokens = golden["max_completion_tokens"];
  return options;
}

TEST(PolicyLossTest, AgreesWithPyTorchOnEveryCombination) {
  const nlohmann::json golden = LearnerGolden()["policy_loss"];
  const std::vector<int64_t> lengths = golden["lengths"];
  int64_t cases = 0;
  for (const nlohmann::json& c : golden["cases"]) {
    SCOPED_TRACE(Concat(c["loss"], c["aggregation"], c["kl_estimator"], c["kl_in"], c["dual_clip"], c["tis_cap"]));
    const RlOptions options = GoldenOptions(golden, c);
    const GlobalCounts counts{9, 3};
    double value = 0;
    int64_t i = 0;
    for (const int64_t length : lengths) {
      const double weight = TokenWeight(options, counts, length);
      for (int64_t t = 0; t < length; ++t, ++i) {
        const TokenLoss loss = ComputeTokenLoss(GoldenToken(golden, i), options, true);
        value += weight * loss.loss;
        // Both sides are double arithmetic; 1e-10 leaves room for another order of operations.
        EXPECT_NEAR(loss.policy, c["policy"][i].get<double>(), 1e-10);
        EXPECT_NEAR(loss.kl, c["kl"][i].get<double>(), 1e-10);
        EXPECT_NEAR(weight * loss.d_logprob, c["d_logprob"][i].get<double>(), 1e-10);
        EXPECT_NEAR(weight * loss.d_entropy, c["d_entropy"][i].get<double>(), 1e-10);
      }
    }
    EXPECT_NEAR(value, c["value"].get<double>(), 1e-10);
    ++cases;
  }
  EXPECT_EQ(cases, 192);
}

TEST(PolicyLossTest, RefusesOptionsItCannotCompute) {
  const auto refused = [](auto change) {
    RlOptions options;
    change(options);
    EXPECT_THROW(CheckRlOptions(options), ConfigError);
  };
  CheckRlOptions(RlOptions{});
  refused([](RlOptions& o) { o.loss = nullptr; });
  refused([](RlOptions& o) { o.aggregation = static_cast<LossAggregation>(9); });
  refused([](RlOptions& o) { o.temperature = 0; });
  refused([](RlOptions& o) { o.dual_clip = 0.5; });
  refused([](RlOptions& o) { o.updates_per_batch = 0; });
  refused([](RlOptions& o) { o.kl_coef = std::numeric_limits<double>::quiet_NaN(); });
}

}  // namespace
}  // namespace temper
