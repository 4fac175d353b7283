#pragma once

#include <cstdint>

#include "policy/kernels/vector_kernels.h"

namespace temper {

// The layout of weights that VectorKernels::gemm and gemm_bf16 read.

// w[n][k] -> panels of kPanelWidth rows each, [ceil(n / 32)][k][32], zero-padded.
void PackPanels(const float* w, int64_t n, int64_t k, float* panels);
int64_t PackedSize(int64_t n, int64_t k);  // floats
// The same rounded to bf16 with k in pairs, [ceil(n / 32)][ceil(k / 2)][32][2].
void PackPanelsBf16(const float* w, int64_t n, int64_t k, Bf16* panels);
int64_t PackedSizeBf16(int64_t n, int64_t k);  // elements

}  // namespace temper
