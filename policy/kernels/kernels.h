#pragma once

#include <array>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

namespace temper {

// The model's fused operations on contiguous fp32 CPU tensors. With autograd on each records one node with a hand-written backward;
// otherwise it is the loop alone. Shape letters as in transformer.h.

// Angles of the rotary embedding: angle[t][i] = position[t] frequency[i], i < C / 2 (policy/model/rope.h gives the frequencies). Cosines
// and sines are multiplied with `scale`.
struct RotaryAngles {
  at::Tensor cos_TR;
  at::Tensor sin_TR;
};
RotaryAngles MakeRotaryAngles(const at::Tensor& positions_T, std::span<const float> frequencies, float scale = 1);

// x / sqrt(mean(x^2) + eps) * weight over the last dimension (Zhang and Sennrich, "Root mean square layer normalization", 2019).
at::Tensor RmsNorm(const at::Tensor& x, const at::Tensor& weight, double eps);

// Pairs (i, i + C/2) of every head turned by the token's angles (Su et al., "RoFormer", 2021, in the half-split pairing of Hugging Face).
at::Tensor Rotate(const at::Tensor& x_THC, const RotaryAngles& angles);

// Cuts the fused projection [T, (H + 2K) C] into q_THC, k_TKC, v_TKC; q and k are rotated when `angles` is not null.
std::array<at::Tensor, 3> SplitHeads(const at::Tensor& qkv, int64_t num_heads, int64_t num_kv_heads, int64_t head_dim,
                                     const RotaryAngles* angles);

// [T, 2F] = gate, up -> silu(gate) * up, [T, F] (Shazeer, "GLU variants improve transformer", 2020).
at::Tensor SwiGlu(const at::Tensor& gate_up);

// A weight matrix [N, K] in the layout of the inference product, kept as fp32 or bf16.
class PackedLinear {
 public:
  PackedLinear() = default;
  PackedLinear(const at::Tensor& weight_NK, const at::Tensor& bias_N, at::ScalarType type) { Pack(weight_NK, bias_N, type); }
  // Takes other numbers, in the same memory when the shape and the type are the same.
  void Pack(const at::Tensor& weight_NK, const at::Tensor& bias_N, at::ScalarType type);
  // x_MK -> x w^T + bias, [M, N] in fp32; bf16 rounds x and w, and adds in fp32. A row of the result depends on that row of x only, bit
  // for bit.
  at::Tensor Apply(const at::Tensor& x_MK) const;

 private:
  int64_t rows_ = 0;
  int64_t columns_ = 0;
  at::Tensor panels_;
  at::Tensor bias_;
};

}  // namespace temper
