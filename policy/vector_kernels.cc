#include "policy/vector_kernels.h"

#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define VK_INLINE static inline __attribute__((always_inline))

namespace temper {
namespace plain {

// The same 16 lanes without vector instructions; what every processor can run.
struct F16 {
  float v[16];
  VK_INLINE F16 Load(const float* p) {
    F16 a;
    for (int i = 0; i < 16; ++i) a.v[i] = p[i];
    return a;
  }
  VK_INLINE F16 LoadPart(const float* p, int64_t count) {
    F16 a;
    for (int i = 0; i < 16; ++i) a.v[i] = i < count ? p[i] : 0.0f;
    return a;
  }
  VK_INLINE F16 Set1(float x) {
    F16 a;
    for (int i = 0; i < 16; ++i) a.v[i] = x;
    return a;
  }
  void Store(float* p) const {
    for (int i = 0; i < 16; ++i) p[i] = v[i];
  }
  void StorePart(float* p, int64_t count) const {
    for (int i = 0; i < 16 && i < count; ++i) p[i] = v[i];
  }
};

#define VK_LANEWISE(name, arguments, expression)        \
  VK_INLINE F16 name arguments {                        \
    F16 out;                                            \
    for (int i = 0; i < 16; ++i) out.v[i] = expression; \
    return out;                                         \
  }
VK_LANEWISE(Fma, (const F16& a, const F16& b, const F16& c), __builtin_fmaf(a.v[i], b.v[i], c.v[i]))
VK_LANEWISE(Add, (const F16& a, const F16& b), a.v[i] + b.v[i])
VK_LANEWISE(Sub, (const F16& a, const F16& b), a.v[i] - b.v[i])
VK_LANEWISE(Mul, (const F16& a, const F16& b), a.v[i] * b.v[i])
VK_LANEWISE(Div, (const F16& a, const F16& b), a.v[i] / b.v[i])
VK_LANEWISE(Max, (const F16& a, const F16& b), a.v[i] > b.v[i] ? a.v[i] : b.v[i])
VK_LANEWISE(Min, (const F16& a, const F16& b), a.v[i] < b.v[i] ? a.v[i] : b.v[i])
VK_LANEWISE(Round, (const F16& a), __builtin_nearbyintf(a.v[i]))
VK_LANEWISE(ScaleByPowerOfTwo, (const F16& a, const F16& n), __builtin_ldexpf(a.v[i], static_cast<int>(n.v[i])))
VK_LANEWISE(ZeroWhereBelow, (const F16& x, const F16& bound, const F16& a), x.v[i] < bound.v[i] ? 0.0f : a.v[i])
#undef VK_LANEWISE

constexpr int kTileRows = 4;
constexpr int kTileVectors = 1;
constexpr const char* kName = "plain";
#include "policy/vector_kernels.inc"

}  // namespace plain

#if defined(__x86_64__)
#pragma GCC push_options
#pragma GCC target("avx2,fma")
namespace avx2 {

struct F16 {
  __m256 lo, hi;
  VK_INLINE F16 Load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
  VK_INLINE F16 LoadPart(const float* p, int64_t count) {
    if (count >= 16) return Load(p);
    alignas(32) float lane[16] = {};
    for (int64_t i = 0; i < count; ++i) lane[i] = p[i];
    return Load(lane);
  }
  VK_INLINE F16 Set1(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
  inline __attribute__((always_inline)) void Store(float* p) const {
    _mm256_storeu_ps(p, lo);
    _mm256_storeu_ps(p + 8, hi);
  }
  inline __attribute__((always_inline)) void StorePart(float* p, int64_t count) const {
    if (count >= 16) return Store(p);
    alignas(32) float lane[16];
    Store(lane);
    for (int64_t i = 0; i < count; ++i) p[i] = lane[i];
  }
};

VK_INLINE F16 Fma(const F16& a, const F16& b, const F16& c) {
  return {_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi)};
}
VK_INLINE F16 Add(const F16& a, const F16& b) { return {_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi)}; }
VK_INLINE F16 Sub(const F16& a, const F16& b) { return {_mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi)}; }
VK_INLINE F16 Mul(const F16& a, const F16& b) { return {_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)}; }
VK_INLINE F16 Div(const F16& a, const F16& b) { return {_mm256_div_ps(a.lo, b.lo), _mm256_div_ps(a.hi, b.hi)}; }
VK_INLINE F16 Max(const F16& a, const F16& b) { return {_mm256_max_ps(a.lo, b.lo), _mm256_max_ps(a.hi, b.hi)}; }
VK_INLINE F16 Min(const F16& a, const F16& b) { return {_mm256_min_ps(a.lo, b.lo), _mm256_min_ps(a.hi, b.hi)}; }
VK_INLINE F16 Round(const F16& a) {
  constexpr int kNearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
  return {_mm256_round_ps(a.lo, kNearest), _mm256_round_ps(a.hi, kNearest)};
}
VK_INLINE __m256 PowerOfTwo(__m256 n) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23));
}
VK_INLINE F16 ScaleByPowerOfTwo(const F16& a, const F16& n) { return Mul(a, {PowerOfTwo(n.lo), PowerOfTwo(n.hi)}); }
VK_INLINE F16 ZeroWhereBelow(const F16& x, const F16& bound, const F16& a) {
  return {_mm256_andnot_ps(_mm256_cmp_ps(x.lo, bound.lo, _CMP_LT_OQ), a.lo),
          _mm256_andnot_ps(_mm256_cmp_ps(x.hi, bound.hi, _CMP_LT_OQ), a.hi)};
}

constexpr int kTileRows = 6;
constexpr int kTileVectors = 1;
constexpr const char* kName = "avx2";
#include "policy/vector_kernels.inc"

}  // namespace avx2
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")
namespace avx512 {

struct F16 {
  __m512 v;
  VK_INLINE __mmask16 Mask(int64_t count) { return count >= 16 ? 0xFFFF : static_cast<__mmask16>((1u << count) - 1); }
  VK_INLINE F16 Load(const float* p) { return {_mm512_loadu_ps(p)}; }
  VK_INLINE F16 LoadPart(const float* p, int64_t count) { return {_mm512_maskz_loadu_ps(Mask(count), p)}; }
  VK_INLINE F16 Set1(float x) { return {_mm512_set1_ps(x)}; }
  inline __attribute__((always_inline)) void Store(float* p) const { _mm512_storeu_ps(p, v); }
  inline __attribute__((always_inline)) void StorePart(float* p, int64_t count) const { _mm512_mask_storeu_ps(p, Mask(count), v); }
};

VK_INLINE F16 Fma(const F16& a, const F16& b, const F16& c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
VK_INLINE F16 Add(const F16& a, const F16& b) { return {_mm512_add_ps(a.v, b.v)}; }
VK_INLINE F16 Sub(const F16& a, const F16& b) { return {_mm512_sub_ps(a.v, b.v)}; }
VK_INLINE F16 Mul(const F16& a, const F16& b) { return {_mm512_mul_ps(a.v, b.v)}; }
VK_INLINE F16 Div(const F16& a, const F16& b) { return {_mm512_div_ps(a.v, b.v)}; }
VK_INLINE F16 Max(const F16& a, const F16& b) { return {_mm512_max_ps(a.v, b.v)}; }
VK_INLINE F16 Min(const F16& a, const F16& b) { return {_mm512_min_ps(a.v, b.v)}; }
VK_INLINE F16 Round(const F16& a) { return {_mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)}; }
VK_INLINE F16 ScaleByPowerOfTwo(const F16& a, const F16& n) { return {_mm512_scalef_ps(a.v, n.v)}; }
VK_INLINE F16 ZeroWhereBelow(const F16& x, const F16& bound, const F16& a) {
  return {_mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x.v, bound.v, _CMP_NLT_UQ), a.v)};
}

constexpr int kTileRows = 12;
constexpr int kTileVectors = 2;
constexpr const char* kName = "avx512";
#include "policy/vector_kernels.inc"

}  // namespace avx512
#pragma GCC pop_options
#endif

std::vector<const VectorKernels*> AvailableKernels() {
  std::vector<const VectorKernels*> kernels = {&plain::kKernels};
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (has_avx2) kernels.push_back(&avx2::kKernels);
  if (has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl"))
    kernels.push_back(&avx512::kKernels);
#endif
  return kernels;
}

const VectorKernels& ActiveKernels() {
  static const VectorKernels* const kActive = AvailableKernels().back();
  return *kActive;
}

int64_t PackedSize(int64_t n, int64_t k) { return (n + kPanelWidth - 1) / kPanelWidth * kPanelWidth * k; }

void PackPanels(const float* w, int64_t n, int64_t k, float* panels) {
  constexpr int64_t kStrip = 16;  // columns of w read at a time: the strip written stays in the first-level cache
  for (int64_t first = 0; first < n; first += kPanelWidth, panels += k * kPanelWidth) {
    const int64_t rows = n - first < kPanelWidth ? n - first : kPanelWidth;
    if (rows < kPanelWidth) std::memset(panels, 0, sizeof(float) * static_cast<size_t>(k * kPanelWidth));
    for (int64_t begin = 0; begin < k; begin += kStrip) {
      const int64_t end = begin + kStrip < k ? begin + kStrip : k;
      for (int64_t row = 0; row < rows; ++row)
        for (int64_t i = begin; i < end; ++i) panels[i * kPanelWidth + row] = w[(first + row) * k + i];
    }
  }
}

}  // namespace temper
