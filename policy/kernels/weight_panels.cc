#include "policy/kernels/weight_panels.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace temper {
namespace {

// A float, or a pair of bf16 numbers: packing only moves them.
using Word __attribute__((may_alias)) = uint32_t;
using Lanes = uint32_t __attribute__((vector_size(16)));

Lanes LoadLanes(const Word* from) {
  Lanes lanes;
  std::memcpy(&lanes, from, sizeof(lanes));
  return lanes;
}

// to[c][r] = from[r][c] for 4 rows and 4 columns, in registers.
void Transpose4x4(const Word* from, int64_t stride, Word* to) {
  const Lanes a = LoadLanes(from), b = LoadLanes(from + stride), c = LoadLanes(from + 2 * stride), d = LoadLanes(from + 3 * stride);
  const Lanes ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const Lanes cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  const Lanes columns[4] = {__builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5), __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7),
                            __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5), __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7)};
  for (int64_t i = 0; i < 4; ++i) std::memcpy(to + i * kPanelWidth, &columns[i], sizeof(Lanes));
}

// panel[c][r] = from[r][c] for kPanelWidth rows of `columns` words.
void TransposePanel(const Word* from, int64_t columns, Word* panel) {
  const int64_t whole = columns / 4 * 4;
  for (int64_t c = 0; c < whole; c += 4)
    for (int64_t r = 0; r < kPanelWidth; r += 4) Transpose4x4(from + r * columns + c, columns, panel + c * kPanelWidth + r);
  for (int64_t c = whole; c < columns; ++c)
    for (int64_t r = 0; r < kPanelWidth; ++r) panel[c * kPanelWidth + r] = from[r * columns + c];
}

}  // namespace

int64_t PackedSize(int64_t n, int64_t k) { return (n + kPanelWidth - 1) / kPanelWidth * kPanelWidth * k; }

int64_t PackedSizeBf16(int64_t n, int64_t k) { return PackedSize(n, (k + 1) / 2) * 2; }

void PackPanels(const float* w, int64_t n, int64_t k, float* panels) {
  std::vector<uint32_t> rest;  // the last rows, with zeros up to a whole panel
  for (int64_t first = 0; first < n; first += kPanelWidth) {
    const auto* rows = reinterpret_cast<const Word*>(w + first * k);
    if (n - first < kPanelWidth) {
      rest.resize(static_cast<size_t>(kPanelWidth * k));
      std::copy(rows, rows + (n - first) * k, rest.begin());
      rows = rest.data();
    }
    TransposePanel(rows, k, reinterpret_cast<Word*>(panels + first * k));
  }
}

void PackPanelsBf16(const float* w, int64_t n, int64_t k, Bf16* panels) {
  const int64_t steps = (k + 1) / 2;
  const VectorKernels& kernels = ActiveKernels();
  std::vector<uint32_t> rounded(static_cast<size_t>(kPanelWidth * steps));
  for (int64_t first = 0; first < n; first += kPanelWidth) {
    const int64_t rows = std::min(kPanelWidth, n - first);
    if (rows < kPanelWidth) std::fill(rounded.begin(), rounded.end(), 0);
    kernels.round_bf16(w + first * k, reinterpret_cast<Bf16*>(rounded.data()), rows, k);
    TransposePanel(rounded.data(), steps, reinterpret_cast<Word*>(panels + first * steps * 2));
  }
}

}  // namespace temper
