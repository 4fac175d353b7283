#include "learner/policy_loss.h"

#include <cmath>

#include "cluster/base/error.h"

namespace temper {

KlEstimate EstimateKl(KlEstimator estimator, double logprob, double reference_logprob) {
  const double d = reference_logprob - logprob;
  switch (estimator) {
    case KlEstimator::kK1:
      return {-d, 1.0};
    case KlEstimator::kK2:
      return {d * d / 2, -d};
    case KlEstimator::kK3: {
      const double value = std::expm1(d) - d;
      return value > kMaxK3 ? KlEstimate{kMaxK3, 0} : KlEstimate{value, -std::expm1(d)};
    }
  }
  TEMPER_FAIL("unknown KL estimator ", static_cast<int>(estimator));
}

TokenLoss ComputeTokenLoss(const TokenObservation& token, const RlOptions& options, bool has_reference) {
  TokenLoss out;
  const double log_ratio = token.logprob - token.old_logprob;
  const bool within = !(std::abs(log_ratio) > kMaxLogRatio);  // not a number passes on as such
  out.ratio = std::exp(within ? log_ratio : std::copysign(kMaxLogRatio, log_ratio));
  double advantage = token.advantage;
  double weight = 1;
  if (options.tis_cap > 0) {
    weight = std::exp(token.old_logprob - token.behaviour_logprob);
    out.tis_capped = weight > options.tis_cap;
    if (out.tis_capped) weight = options.tis_cap;
  }
  if (has_reference) {
    const KlEstimate kl = EstimateKl(options.kl_estimator, token.logprob, token.reference_logprob);
    out.kl = kl.value;
    if (options.kl_in == KlPlace::kAdvantage)
      advantage -= options.kl_coef * EstimateKl(options.kl_estimator, token.old_logprob, token.reference_logprob).value;
    if (options.kl_in == KlPlace::kLoss) {
      const double coef = options.kl_coef * (options.kl_off_policy ? out.ratio * weight : 1);
      out.loss += coef * kl.value;
      out.d_logprob += coef * (kl.d_logprob + (options.kl_off_policy && within ? kl.value : 0));
    }
  }
  const PolicyTerm term = options.loss->term({out.ratio, token.logprob, advantage, weight}, options);
  out.policy = term.loss;
  out.clipped = term.clipped;
  if (within) out.d_logprob += term.d_logprob;
  out.loss += out.policy - options.entropy_coef * token.entropy;
  out.d_entropy = -options.entropy_coef;
  return out;
}

double TokenWeight(const RlOptions& options, const GlobalCounts& counts, int64_t length) {
  if (length <= 0) return 0;
  switch (options.aggregation) {
    case LossAggregation::kTokenMean:
      return 1 / counts.tokens;
    case LossAggregation::kSeqMeanTokenMean:
      return 1 / (counts.sequences * static_cast<double>(length));
    case LossAggregation::kSeqMeanTokenSum:
      return 1 / counts.sequences;
    case LossAggregation::kConstant: {
      const double sequences = options.step_completions > 0 ? static_cast<double>(options.step_completions) : counts.sequences;
      return 1 / (sequences * static_cast<double>(options.max_completion_tokens));
    }
  }
  TEMPER_FAIL("aggregation ", static_cast<int>(options.aggregation), " is none");
}

}  // namespace temper
