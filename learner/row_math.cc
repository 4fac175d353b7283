#include "learner/row_math.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

// One body, three machine codes; the loader picks by what the processor has. Sanitizers cannot instrument the picking.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define TEMPER_SIMD_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define TEMPER_SIMD_CLONES
#endif

namespace temper {
namespace {

constexpr int64_t kLanes = 16;

// exp by reduction to [-ln2/2, ln2/2] and a polynomial of degree 6; branch-free, so that loops over it vectorize.
[[gnu::always_inline]] inline float Exp(float x) {
  // Written so that NaN stays NaN.
  x = x < -87.0f ? -87.0f : x;
  x = x > 88.0f ? 88.0f : x;
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer in the low bits
  const float shifted = x * 1.44269504f + kRound;
  const float n = shifted - kRound;
  const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.0f / 720.0f;
  p = p * r + 1.0f / 120.0f;
  p = p * r + 1.0f / 24.0f;
  p = p * r + 1.0f / 6.0f;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  const auto exponent = static_cast<uint32_t>(static_cast<int32_t>(n) + 127) << 23;
  return p * std::bit_cast<float>(exponent);
}

[[gnu::always_inline]] inline float SumLanes(const float* lanes) {
  float folded[kLanes];
  std::copy(lanes, lanes + kLanes, folded);
  for (int64_t width = kLanes / 2; width > 0; width /= 2) {
    for (int64_t i = 0; i < width; ++i) folded[i] += folded[i + width];
  }
  return folded[0];
}

}  // namespace

TEMPER_SIMD_CLONES float RowMax(const float* x, int64_t n) {
  float lanes[kLanes];
  std::fill(lanes, lanes + kLanes, -std::numeric_limits<float>::infinity());
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int64_t j = 0; j < kLanes; ++j) lanes[j] = x[i + j] > lanes[j] ? x[i + j] : lanes[j];
  }
  for (; i < n; ++i) lanes[0] = std::max(lanes[0], x[i]);
  return *std::max_element(lanes, lanes + kLanes);
}

TEMPER_SIMD_CLONES float RowExp(float* x, int64_t n, float scale, float shift) {
  float lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int64_t j = 0; j < kLanes; ++j) {
      x[i + j] = Exp(scale * x[i + j] - shift);
      lanes[j] += x[i + j];
    }
  }
  float sum = SumLanes(lanes);
  for (; i < n; ++i) {
    x[i] = Exp(scale * x[i] - shift);
    sum += x[i];
  }
  return sum;
}

TEMPER_SIMD_CLONES float RowExpMoments(const float* z, int64_t n, float shift, float* weighted) {
  float lanes[kLanes] = {}, weighted_lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int64_t j = 0; j < kLanes; ++j) {
      const float centred = z[i + j] - shift;
      const float e = Exp(centred);
      lanes[j] += e;
      weighted_lanes[j] += e * centred;
    }
  }
  float sum = SumLanes(lanes);
  *weighted = SumLanes(weighted_lanes);
  for (; i < n; ++i) {
    const float e = Exp(z[i] - shift);
    sum += e;
    *weighted += e * (z[i] - shift);
  }
  return sum;
}

TEMPER_SIMD_CLONES float RowDot(const float* x, const float* y, int64_t n) {
  float lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int64_t j = 0; j < kLanes; ++j) lanes[j] += x[i + j] * y[i + j];
  }
  float sum = SumLanes(lanes);
  for (; i < n; ++i) sum += x[i] * y[i];
  return sum;
}

TEMPER_SIMD_CLONES double RowSquares(const float* x, int64_t n) {
  double lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int64_t j = 0; j < kLanes; ++j) lanes[j] += static_cast<double>(x[i + j]) * static_cast<double>(x[i + j]);
  }
  double sum = 0;
  for (const double lane : lanes) sum += lane;
  for (; i < n; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  return sum;
}

TEMPER_SIMD_CLONES void RowSoftmaxGradient(float* p, const float* d, int64_t n, float mean) {
  for (int64_t i = 0; i < n; ++i) p[i] *= d[i] - mean;
}

TEMPER_SIMD_CLONES void RowScoreGradient(float* z, int64_t n, float lse, float a, float b) {
  for (int64_t i = 0; i < n; ++i) {
    const float logp = z[i] - lse;
    z[i] = Exp(logp) * (a + b * logp);
  }
}

}  // namespace temper
