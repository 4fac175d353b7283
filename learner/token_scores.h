#pragma once

#include <cstdint>
#include <memory>

#include <ATen/core/Tensor.h>

namespace temper {

class Attention;

// Log-probability of each row's target, and the entropy of each row's distribution, under softmax(hidden weight' / temperature).
struct TokenScores {
  at::Tensor logprob_N;  // fp32
  at::Tensor entropy_N;  // fp32, nats
  // What the backward asks again where layers are recomputed; lives as long as the graph is wanted.
  std::shared_ptr<Attention> attention = nullptr;
};

// hidden_ND (any float type), weight_VD fp32, targets_N int64 in [0, V). Differentiable in hidden and weight through both results:
//   d logprob / d z_j = [j = target] - p_j,   d entropy / d z_j = -p_j (log p_j + entropy),   z = logits / temperature.
// Logits exist for one chunk of rows at a time, in the forward and again in the backward; only the log-sum-exp of a row is kept.
TokenScores ScoreTokens(const at::Tensor& hidden_ND, const at::Tensor& weight_VD, const at::Tensor& targets_N, double temperature);

// The same in ATen's operations, on any device; the matrix products round their inputs to `type`.
TokenScores ScoreTokensPortable(const at::Tensor& hidden_ND, const at::Tensor& weight_VD, const at::Tensor& targets_N, double temperature,
                                at::ScalarType type);

}  // namespace temper
