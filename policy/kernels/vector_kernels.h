#pragma once

#include <cstdint>
#include <vector>

namespace temper {

// Columns of a packed weight panel.
inline constexpr int64_t kPanelWidth = 32;
// Positions of a key block in the cache.
inline constexpr int64_t kKeyBlock = 16;

// A bfloat16 number: the upper half of a float's bits.
struct Bf16 {
  uint16_t bits;
};

// A stretch of cached keys and values of one layer and key/value head, T = float or Bf16. Keys lie
// in blocks of kKeyBlock positions, transposed, so that one vector holds a dimension of 16
// positions: keys[(p / 16) * C * 16 + c * 16 + p % 16]. Values are rows: values[p * C + c]. next_*:
// memory of the same shape that will be wanted next (a hint, may be null).
template <class T>
struct KeyValueSpan {
  const T* keys = nullptr;
  const T* values = nullptr;
  int64_t length = 0;  // positions
  const T* next_keys = nullptr;
  const T* next_values = nullptr;
};

// The inner loops of the model on one instruction set; raw fp32 pointers, row-major, no aliasing.
// Every sum has a fixed order. Lane i of 16 takes elements i, i + 16 and so on, and the lanes are
// added as a tree. Matrix products add over k one by one with fused multiply-add. So a row's result
// depends neither on the other rows nor on the instruction set. Only bf16 products on processors
// with an instruction for them may differ in the last bit, because that instruction rounds in its
// own way.
struct VectorKernels {
  const char* name;

  // y[m][n] = bias[n] + sum_k x[m][k] w[n][k]. `panels` from PackPanels; bias may be null; y has leading dimension n.
  void (*gemm)(const float* x, const float* panels, const float* bias, float* y, int64_t m, int64_t n, int64_t k);
  // The same on bf16 numbers with fp32 sums; rows of x are k rounded up to even, as round_bf16 writes them.
  void (*gemm_bf16)(const Bf16* x, const Bf16* panels, const float* bias, float* y, int64_t m, int64_t n, int64_t k);
  // Rows of `size` to the nearest bf16 (ties to even), each padded with a zero to an even size.
  void (*round_bf16)(const float* x, Bf16* y, int64_t rows, int64_t size);

  // y = x / sqrt(mean(x^2) + eps) * w for each of `rows` rows of `size`; inv_rms[rows] (may be null) gets the factor.
  void (*rms_norm)(const float* x, const float* w, float eps, float* y, float* inv_rms, int64_t rows, int64_t size);
  // dx is written, dw[size] is added to.
  void (*rms_norm_backward)(const float* x, const float* w, const float* inv_rms, const float* dy, float* dx, float* dw, int64_t rows,
                            int64_t size);

  // x[row][2 size] = gate, up -> y[row][size] = gate sigmoid(gate) up.
  void (*swiglu)(const float* x, float* y, int64_t rows, int64_t size);
  void (*swiglu_backward)(const float* x, const float* dy, float* dx, int64_t rows, int64_t size);

  // Rotates pairs (i, i + size / 2) by the angles of cos, sin [size / 2]; sign -1 turns back. In and out may be the same.
  void (*rotate)(const float* x, const float* cos, const float* sin, float sign, float* y, int64_t size);

  // Softmax attention of one query head over the positions from `begin` on of two consecutive spans, begin < both lengths; `scores` is
  // scratch of both lengths + 32 floats.
  void (*attend)(const float* q, const KeyValueSpan<float>& first, const KeyValueSpan<float>& second, int64_t begin, int64_t head_dim,
                 float scale, float* scores, float* out);
  void (*attend_bf16)(const float* q, const KeyValueSpan<Bf16>& first, const KeyValueSpan<Bf16>& second, int64_t begin, int64_t head_dim,
                      float scale, float* scores, float* out);

  // e[i] = exp(x[i] * factor - shift), -inf gives 0; block_sums[ceil(n / 16)] gets the sum of each block of 16.
  void (*exp_blocks)(const float* x, float factor, float shift, float* e, float* block_sums, int64_t n);
  float (*maximum)(const float* x, int64_t n);  // NaN when an element is NaN
};

// The fastest one this processor can run.
const VectorKernels& ActiveKernels();
// All that this processor can run, plain C++ first.
std::vector<const VectorKernels*> AvailableKernels();

// Nearest bf16, ties to even; NaN stays NaN.
Bf16 RoundBf16(float x);

}  // namespace temper
