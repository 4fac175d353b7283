#pragma once

#include <cstdint>

#include "learner/options.h"

namespace temper {

// Pure functions from log-probabilities to losses and their exact derivatives; no tensors, no state. Everything is double, so that
// a loss is a sum the learners can add up in any order without losing digits.

// What is known about one completion token. All log-probs are of the token drawn, natural logarithm.
struct TokenObservation {
  double logprob = 0;            // pi: the policy being trained
  double old_logprob = 0;        // old: the policy at the start of the update; equals logprob on the first pass over a batch
  double behaviour_logprob = 0;  // b: as recorded when the token was drawn
  double reference_logprob = 0;  // ref: the frozen reference; read only when kl_coef > 0
  double entropy = 0;            // of pi over the whole vocabulary at this position, nats
  double advantage = 0;          // of the completion
};

// Loss of one token before aggregation, and what it does to the two differentiable inputs.
struct TokenLoss {
  double loss = 0;          // policy + kl_coef kl (when kl_in = loss; times rho w with kl_off_policy) - entropy_coef entropy
  double policy = 0;        // the policy-gradient part
  double kl = 0;            // the configured estimator of KL(pi || ref), whatever kl_coef is; 0 without a reference
  double ratio = 1;         // pi / old
  double d_logprob = 0;     // d loss / d logprob
  double d_entropy = 0;     // d loss / d entropy
  bool clipped = false;     // the clip decided: the ratio's gradient is cut
  bool tis_capped = false;  // old / b was above the cap
};

inline constexpr double kMaxK3 = 10;        // nats a token
inline constexpr double kMaxLogRatio = 20;  // of log pi - log old, to either side (verl, compute_policy_loss)

// Estimator of KL(pi || ref) from one token drawn from pi, with d = log ref - log pi (J. Schulman, "Approximating KL divergence"):
//   k1 = -d,  k2 = d^2 / 2,  k3 = exp(d) - 1 - d, at most kMaxK3: beyond it is constant, so that one token the policy has all but given
//   up does not decide the step (verl, kl_penalty).
// In the loss k3 pulls as a different divergence than k1 in the reward does: the gradient of k3 at the drawn token is 1 - exp(d).
struct KlEstimate {
  double value = 0;
  double d_logprob = 0;  // derivative by log pi
};
KlEstimate EstimateKl(KlEstimator estimator, double logprob, double reference_logprob);

// What the policy-gradient part of one token's loss (PolicyLossType::term) is made of:
//   ppo_clip   -w min(rho A, clip(rho, 1 - clip_low, 1 + clip_high) A), for A < 0 the objective is at least dual_clip A
//   reinforce  -w rho A log pi, rho held constant
struct PolicyTermInput {
  double ratio = 1;      // rho = pi / old
  double logprob = 0;    // log pi
  double advantage = 0;  // A, with kl_in = advantage less the token's penalty
  double weight = 1;     // w = min(old / b, tis_cap), held constant; 1 when tis_cap = 0
};
struct PolicyTerm {
  double loss = 0;
  double d_logprob = 0;  // d loss / d log pi
  bool clipped = false;  // a clip decided: the ratio's gradient is cut
};

// The loss of one token under options.loss, with the penalty and the bonus around it. With kl_in =
// advantage A is replaced by A - kl_coef k(old, ref), the estimate of this token alone. With kl_in
// = reward the advantage holds the penalty already (AdvantageMember::token_rewards). In both the
// loss has no KL term. With kl_off_policy the term is kl_coef rho w k, rho not held constant. Its
// mean over tokens drawn from b is KL(pi || ref), and so is its gradient's (DeepSeek-V3.2, arXiv
// 2512.02556, sec. 3.1). log rho counts within +-kMaxLogRatio, beyond without gradient.
// `has_reference` false: no KL anywhere. Not finite in, not finite out: the caller checks sums.
TokenLoss ComputeTokenLoss(const TokenObservation& token, const RlOptions& options, bool has_reference);

// Counts over the global batch (all learners), or of all that was sampled for it (RlOptions::sampled_tokens), as sums of doubles.
struct GlobalCounts {
  double tokens = 0;     // completion tokens
  double sequences = 0;  // completions with at least one token
};

// The factor of one token's loss in the batch loss, for a completion of `length` tokens:
//   token_mean 1/tokens, seq_mean_token_mean 1/(sequences length), seq_mean_token_sum 1/sequences,
//   constant 1/(step_completions max_completion_tokens)  (Dr. GRPO, arXiv 2503.20783): the same for every step, however many of its
//   completions are of dead groups or could not be graded.
double TokenWeight(const RlOptions& options, const GlobalCounts& counts, int64_t length);

}  // namespace temper
