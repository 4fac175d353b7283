#pragma once

#include <cstdint>

#include <cuda_runtime_api.h>

namespace temper::cuda {

// Launches of the kernels in cuda_kernel_bodies.cuh, on raw device pointers; `bf16` says what a void* points to, bf16 or fp32.
void LaunchRmsNorm(const float* x, const float* weight, float eps, int64_t rows, int64_t size, bool bf16, void* y, cudaStream_t stream);
void LaunchSwiGlu(const void* gate_up, int64_t rows, int64_t size, bool bf16, void* y, cudaStream_t stream);

struct SplitHeadsArguments {
  const void* qkv;
  const float *cos_TR, *sin_TR, *q_norm, *k_norm;  // norms may be null
  float eps;
  int64_t tokens, heads, kv_heads, size;
  void *q, *k, *v;
};
void LaunchSplitHeads(const SplitHeadsArguments& a, bool bf16, cudaStream_t stream);

struct DecodeAttentionArguments {
  const void *q, *k, *v;
  void *keys, *values;
  const int64_t *prompt_row, *prompt_length, *own_row, *own_length;
  int64_t rows, heads, kv_heads, dim, row_length, window;
  float scale;
  void* out;
};
void LaunchDecodeAttention(const DecodeAttentionArguments& a, bool bf16, cudaStream_t stream);
int64_t MostHeadDim();

void LaunchDraw(const float* logits, int64_t rows, int64_t vocabulary, const double* factors, const double* uniforms, double* out,
                cudaStream_t stream);

}  // namespace temper::cuda
