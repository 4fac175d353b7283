#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace temper {

// How the tokens of one forward see each other. The forward computes q, k, v of all T tokens
// (rotated already) and asks for the attention output. A training batch answers from the stream
// itself, a generation engine from its key/value cache.
class Attention {
 public:
  virtual ~Attention() = default;
  // q_THC, k_TKC, v_TKC -> out_THC, scaled by 1/sqrt(C). Each token sees at most the config's window of the layer.
  virtual at::Tensor Attend(int64_t layer, const at::Tensor& q_THC, const at::Tensor& k_TKC, const at::Tensor& v_TKC) = 0;
};

}  // namespace temper
