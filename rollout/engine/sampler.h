#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "rollout/engine/sampling_options.h"

namespace temper {

struct SampledToken {
  int32_t token = -1;
  float logprob = 0;         // under the distribution it was drawn from; 0 when greedy
  float policy_logprob = 0;  // under softmax(logits)
};

// Draws a token by inverting the cumulative distribution, in the order of ids, at one uniform
// number. The distribution is made in this order. Of the first token, what the gate leaves stays
// (rollout/engine/first_token_gate.h). Stop ids are removed before min_new_tokens; softmax(logits /
// temperature); the top_k most probable stay (of equals the lower id). Of those the fewest stay
// whose mass reaches top_p (Holtzman et al., "The curious case of neural text degeneration", 2020),
// renormalised. Holds scratch memory only: the result depends on the arguments alone. Throws Error
// when a logit is not a number.
class Sampler {
 public:
  // `num_drawn`: tokens of this completion drawn before; `uniform` in [0, 1); `sample`: the completion's place among those of its prompt.
  SampledToken Draw(std::span<const float> logits, const SamplingOptions& options, int64_t num_drawn, double uniform, int64_t sample = 0);

 private:
  void MaskByGate(std::span<const float> logits, const FirstTokenGate& gate, int64_t sample);
  void KeepMostProbable(std::span<const float> logits, const SamplingOptions& options);
  SampledToken DrawShaped(std::span<const float> logits, const SamplingOptions& options, float largest, double uniform);
  double PolicyLogprob(std::span<const float> logits, int32_t token);
  SampledToken Invert(std::span<const float> logits, double factor, double shift, double uniform) const;

  std::vector<float> masked_;      // [V] logits without what the gate and the stop ids take out
  std::vector<float> weights_;     // [V] exp((logit - largest) / temperature), 0 where removed
  std::vector<float> block_sums_;  // [ceil(V / 16)]
  std::vector<int32_t> order_;     // ids, most probable first
};

}  // namespace temper
