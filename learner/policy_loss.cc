#include "learner/policy_loss.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <string>

#include "cluster/base/error.h"

namespace temper {
namespace {

// The policy-gradient part of one token: value and derivative by log pi.
void AddPolicyTerm(const TokenObservation& token, const RlOptions& options, double advantage, double weight, TokenLoss* out) {
  if (options.loss == "reinforce") {
    out->policy = -weight * advantage * token.logprob;
    out->d_logprob += -weight * advantage;
    return;
  }
  const double free = out->ratio * advantage;
  const double held = std::clamp(out->ratio, 1 - options.clip_low, 1 + options.clip_high) * advantage;
  double objective = std::min(free, held);
  // The derivative of rho A by log pi is rho A; a held ratio and the dual clip are constants.
  double slope = free;
  if (held < free) {
    out->clipped = true;
    slope = 0;
  }
  if (options.dual_clip > 0 && advantage < 0 && options.dual_clip * advantage > objective) {
    out->clipped = true;
    objective = options.dual_clip * advantage;
    slope = 0;
  }
  out->policy = -weight * objective;
  out->d_logprob += -weight * slope;
}

void CheckWord(const std::string& value, const char* key, std::initializer_list<const char*> allowed) {
  std::string words;
  for (const char* word : allowed) {
    if (value == word) return;
    words += (words.empty() ? "" : " | ") + std::string(word);
  }
  throw ConfigError(Concat("rl.", key, ": \"", value, "\" is not one of ", words));
}

void CheckReal(double value, const char* key, bool holds, const char* expected) {
  if (!std::isfinite(value) || !holds) throw ConfigError(Concat("rl.", key, ": ", value, ", expected ", expected));
}

}  // namespace

KlEstimate EstimateKl(std::string_view estimator, double logprob, double reference_logprob) {
  const double d = reference_logprob - logprob;
  if (estimator == "k1") return {-d, 1.0};
  if (estimator == "k2") return {d * d / 2, -d};
  TEMPER_CHECK(estimator == "k3", "unknown KL estimator \"", estimator, "\": k1, k2 or k3");
  return {std::expm1(d) - d, -std::expm1(d)};
}

TokenLoss ComputeTokenLoss(const TokenObservation& token, const RlOptions& options, bool has_reference) {
  TokenLoss out;
  out.ratio = std::exp(token.logprob - token.old_logprob);
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
    if (options.kl_in == "reward") {
      advantage -= options.kl_coef * (token.old_logprob - token.reference_logprob);
    } else {
      out.loss += options.kl_coef * kl.value;
      out.d_logprob += options.kl_coef * kl.d_logprob;
    }
  }
  AddPolicyTerm(token, options, advantage, weight, &out);
  out.loss += out.policy - options.entropy_coef * token.entropy;
  out.d_entropy = -options.entropy_coef;
  return out;
}

double TokenWeight(const RlOptions& options, const GlobalCounts& counts, int64_t length) {
  if (length <= 0) return 0;
  if (options.aggregation == "token_mean") return 1 / counts.tokens;
  if (options.aggregation == "seq_mean_token_mean") return 1 / (counts.sequences * static_cast<double>(length));
  if (options.aggregation == "seq_mean_token_sum") return 1 / counts.sequences;
  TEMPER_CHECK(options.aggregation == "constant", "unknown aggregation \"", options.aggregation, "\"");
  const double sequences = options.step_completions > 0 ? static_cast<double>(options.step_completions) : counts.sequences;
  return 1 / (sequences * static_cast<double>(options.max_completion_tokens));
}

void CheckRlOptions(const RlOptions& options) {
  CheckWord(options.loss, "loss", {"ppo_clip", "reinforce"});
  CheckWord(options.aggregation, "aggregation", {"token_mean", "seq_mean_token_mean", "seq_mean_token_sum", "constant"});
  CheckWord(options.kl_estimator, "kl_estimator", {"k1", "k2", "k3"});
  CheckWord(options.kl_in, "kl_in", {"loss", "reward"});
  CheckReal(options.clip_low, "clip_low", options.clip_low >= 0 && options.clip_low <= 1, "0 to 1");
  CheckReal(options.clip_high, "clip_high", options.clip_high >= 0, "0 or more");
  CheckReal(options.dual_clip, "dual_clip", options.dual_clip == 0 || options.dual_clip > 1, "0 (off) or above 1");
  CheckReal(options.kl_coef, "kl_coef", options.kl_coef >= 0, "0 or more");
  CheckReal(options.entropy_coef, "entropy_coef", true, "a finite number");
  CheckReal(options.tis_cap, "tis_cap", options.tis_cap >= 0, "0 (off) or more");
  CheckReal(options.temperature, "temperature", options.temperature > 0, "above 0 (greedy sampling has no gradient)");
  if (options.step_completions < 0) throw ConfigError("rl.step_completions: expected 0 or more");
  if (options.max_completion_tokens < 1) throw ConfigError("rl.max_completion_tokens: expected 1 or more");
  if (options.updates_per_batch < 1) throw ConfigError("rl.updates_per_batch: expected 1 or more");
}

}  // namespace temper
