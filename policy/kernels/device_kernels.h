#pragma once

#include <array>
#include <cstdint>

#include <ATen/core/Tensor.h>

namespace temper {

// Own CUDA kernels (policy/kernels/cuda_kernels.cu) for what ATen does in many launches. They work
// without a graph only, on tensors of one GPU, queued on ATen's present stream. They allocate
// nothing but their results, through ATen, so that a CUDA graph may capture them. In programs built
// without CUDA they throw. Shape letters as in transformer.h; "type" is fp32 or bf16.

bool DeviceKernelsBuilt();

// RmsNorm of fp32 rows, rounded to `type`.
at::Tensor DeviceRmsNorm(const at::Tensor& x, const at::Tensor& weight, double eps, at::ScalarType type);

// [T, 2F] -> [T, F].
at::Tensor DeviceSwiGlu(const at::Tensor& gate_up);

// [T, (H + 2K) C] -> q_THC, k_TKC, v_TKC of the same type: q and k normed per head where the norms are defined, then turned.
std::array<at::Tensor, 3> DeviceSplitHeads(const at::Tensor& qkv, const at::Tensor& cos_TR, const at::Tensor& sin_TR,
                                           const at::Tensor& q_norm, const at::Tensor& k_norm, double eps, int64_t num_heads,
                                           int64_t num_kv_heads, int64_t head_dim);

// Rows of a decode step. B completions; the cache has R rows of `row_length` positions each. Int64 tensors of [B] on the device.
struct DeviceDecodeRows {
  at::Tensor prompt_row;     // cache row of the prompt
  at::Tensor prompt_length;  // positions of it
  at::Tensor own_row;        // cache row of the completion
  at::Tensor own_length;     // its positions, the one that this step writes included
};

// Stores k_BKC and v_BKC at each row's last position of keys and values [R * row_length, K, C].
// Then q_BHC sees the prompt and the completion, the last `window` positions of them (0 = all).
at::Tensor DeviceDecodeAttention(const at::Tensor& q_BHC, const at::Tensor& k_BKC, const at::Tensor& v_BKC, const at::Tensor& keys,
                                 const at::Tensor& values, const DeviceDecodeRows& rows, int64_t row_length, int64_t window);

// Draws a token for every row of logits_BV (fp32) as Sampler does without top-k, top-p and withheld tokens. factor_B and uniform_B:
// double, 1 / temperature (0 = greedy) and the random number. Returns double [3, B]: token, log-prob, policy log-prob; the token is -1
// where the largest logit is not finite.
at::Tensor DeviceDraw(const at::Tensor& logits_BV, const at::Tensor& factor_B, const at::Tensor& uniform_B);

}  // namespace temper
