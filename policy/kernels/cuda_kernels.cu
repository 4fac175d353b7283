#include "policy/kernels/cuda_kernel_bodies.cuh"
#include "policy/kernels/cuda_kernels.h"

namespace temper::cuda {
namespace {

constexpr int kElementThreads = 256;

template <typename T>
void SplitHeads(const SplitHeadsArguments& a, cudaStream_t stream) {
  const auto blocks = static_cast<unsigned>(a.tokens * (a.heads + 2 * a.kv_heads));
  SplitHeadsKernel<T><<<blocks, 32, 0, stream>>>(static_cast<const T*>(a.qkv), a.cos_TR, a.sin_TR, a.q_norm, a.k_norm, a.eps,
                                                 {a.heads, a.kv_heads, a.size}, static_cast<T*>(a.q), static_cast<T*>(a.k),
                                                 static_cast<T*>(a.v));
}

template <typename T, int kPack>
void DecodeAttention(const DecodeAttentionArguments& a, cudaStream_t stream) {
  const int64_t group = a.heads / a.kv_heads;
  const dim3 grid(static_cast<unsigned>(a.kv_heads), static_cast<unsigned>(a.rows),
                  static_cast<unsigned>((group + kHeadBundle - 1) / kHeadBundle));
  const DecodeCache cache{a.prompt_row, a.prompt_length, a.own_row, a.own_length, a.row_length, a.window};
  DecodeAttentionKernel<T, kPack><<<grid, kTile, 0, stream>>>(
      static_cast<const T*>(a.q), static_cast<const T*>(a.k), static_cast<const T*>(a.v), static_cast<T*>(a.keys),
      static_cast<T*>(a.values), cache, a.heads, a.kv_heads, a.dim, a.scale, static_cast<T*>(a.out));
}

}  // namespace

void LaunchRmsNorm(const float* x, const float* weight, float eps, int64_t rows, int64_t size, bool bf16, void* y, cudaStream_t stream) {
  const auto blocks = static_cast<unsigned>(rows);
  if (bf16)
    RmsNormKernel<<<blocks, kRowThreads, 0, stream>>>(x, weight, eps, size, static_cast<Bf16Bits*>(y));
  else
    RmsNormKernel<<<blocks, kRowThreads, 0, stream>>>(x, weight, eps, size, static_cast<float*>(y));
}

void LaunchSwiGlu(const void* gate_up, int64_t rows, int64_t size, bool bf16, void* y, cudaStream_t stream) {
  const int64_t count = rows * size;
  const auto blocks = static_cast<unsigned>((count + kElementThreads - 1) / kElementThreads);
  if (bf16)
    SwiGluKernel<<<blocks, kElementThreads, 0, stream>>>(static_cast<const Bf16Bits*>(gate_up), size, count, static_cast<Bf16Bits*>(y));
  else
    SwiGluKernel<<<blocks, kElementThreads, 0, stream>>>(static_cast<const float*>(gate_up), size, count, static_cast<float*>(y));
}

void LaunchSplitHeads(const SplitHeadsArguments& a, bool bf16, cudaStream_t stream) {
  bf16 ? SplitHeads<Bf16Bits>(a, stream) : SplitHeads<float>(a, stream);
}

void LaunchDecodeAttention(const DecodeAttentionArguments& a, bool bf16, cudaStream_t stream) {
  if (bf16)
    a.dim % 8 == 0 ? DecodeAttention<Bf16Bits, 8>(a, stream) : DecodeAttention<Bf16Bits, 1>(a, stream);
  else
    a.dim % 4 == 0 ? DecodeAttention<float, 4>(a, stream) : DecodeAttention<float, 1>(a, stream);
}

int64_t MostHeadDim() { return kMaxHeadDim; }

void LaunchDraw(const float* logits, int64_t rows, int64_t vocabulary, const double* factors, const double* uniforms, double* out,
                cudaStream_t stream) {
  DrawKernel<<<static_cast<unsigned>(rows), kDrawThreads, 0, stream>>>(logits, vocabulary, factors, uniforms, out);
}

}  // namespace temper::cuda
