#pragma once

#include <cstdint>
#include <vector>

namespace temper {

// Columns of a packed weight panel.
inline constexpr int64_t kPanelWidth = 32;
// Positions of a key block in the cache.
inline constexpr int64_t kKeyBlock = 16;

// A stretch of cached keys and values of one layer and key/value head. Keys lie in blocks of kKeyBlock positions, transposed, so that
// one vector holds a dimension of 16 positions: keys[(p / 16) * C * 16 + c * 16 + p % 16]; values are rows: values[p * C + c].
struct KeyValueSpan {
  const float* keys = nullptr;
  const float* values = nullptr;
  int64_t length = 0;  // positions
};

// The inner loops of the model on one instruction set; raw fp32 pointers, row-major, no aliasing. Every sum has a fixed order (lane i
// of 16 takes elements i, i + 16, ..., the lanes are added as a tree; matrix products add over k one by one with fused multiply-add),
// so a row's result depends neither on the other rows nor on the instruction set.
struct VectorKernels {
  const char* name;

  // y[m][n] = bias[n] + sum_k x[m][k] w[n][k]. `panels` from PackPanels; bias may be null; y has leading dimension n.
  void (*gemm)(const float* x, const float* panels, const float* bias, float* y, int64_t m, int64_t n, int64_t k);

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

  // Softmax attention of one query head over two consecutive spans; `scores` is scratch of both lengths + 32 floats.
  void (*attend)(const float* q, const KeyValueSpan& first, const KeyValueSpan& second, int64_t head_dim, float scale, float* scores,
                 float* out);

  // e[i] = exp(x[i] * factor - shift), -inf gives 0; block_sums[ceil(n / 16)] gets the sum of each block of 16.
  void (*exp_blocks)(const float* x, float factor, float shift, float* e, float* block_sums, int64_t n);
  float (*maximum)(const float* x, int64_t n);  // NaN when an element is NaN
};

// The fastest one this processor can run.
const VectorKernels& ActiveKernels();
// All that this processor can run, plain C++ first.
std::vector<const VectorKernels*> AvailableKernels();

// w[n][k] -> panels of kPanelWidth rows each, [ceil(n / 32)][k][32], zero-padded.
void PackPanels(const float* w, int64_t n, int64_t k, float* panels);
int64_t PackedSize(int64_t n, int64_t k);  // floats

}  // namespace temper
