#include "policy/kernels/vector_kernels.h"

#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define VK_INLINE static inline __attribute__((always_inline))

namespace temper {
namespace {

inline float Widen(Bf16 x) {
  const uint32_t bits = static_cast<uint32_t>(x.bits) << 16;
  float out;
  std::memcpy(&out, &bits, sizeof(out));
  return out;
}

}  // namespace

Bf16 RoundBf16(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof(bits));
  if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return {static_cast<uint16_t>((bits >> 16) | 0x40u)};  // NaN
  return {static_cast<uint16_t>((bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16)};
}

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
  VK_INLINE F16 Load(const Bf16* p) {
    F16 a;
    for (int i = 0; i < 16; ++i) a.v[i] = Widen(p[i]);
    return a;
  }
  VK_INLINE F16 LoadPart(const Bf16* p, int64_t count) {
    F16 a;
    for (int i = 0; i < 16; ++i) a.v[i] = i < count ? Widen(p[i]) : 0.0f;
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

// Every instruction set adds in this order: the upper half to the lower one, again and again.
VK_INLINE float SumLanes(const F16& a) {
  F16 sum = a;
  for (int width = 8; width > 0; width /= 2)
    for (int i = 0; i < width; ++i) sum.v[i] += sum.v[i + width];
  return sum.v[0];
}

struct Pairs {
  F16 even, odd;  // elements 2 i and 2 i + 1 of pair i
  VK_INLINE Pairs Load(const Bf16* p) {
    Pairs a;
    for (int i = 0; i < 16; ++i) {
      a.even.v[i] = Widen(p[2 * i]);
      a.odd.v[i] = Widen(p[2 * i + 1]);
    }
    return a;
  }
  VK_INLINE Pairs Broadcast(const Bf16* p) { return {F16::Set1(Widen(p[0])), F16::Set1(Widen(p[1]))}; }
};
VK_INLINE F16 DotPairs(const Pairs& a, const Pairs& b, const F16& sum) { return Fma(a.even, b.even, Fma(a.odd, b.odd, sum)); }
VK_INLINE void StoreBf16(const F16& a, Bf16* p) {
  for (int i = 0; i < 16; ++i) p[i] = RoundBf16(a.v[i]);
}

constexpr int kTileRows = 4;
constexpr int kTileVectors = 1;
constexpr const char* kName = "plain";
#include "policy/kernels/vector_kernels.inc"

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
  VK_INLINE __m256 Widen8(const Bf16* p) {
    const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
  }
  VK_INLINE F16 Load(const Bf16* p) { return {Widen8(p), Widen8(p + 8)}; }
  VK_INLINE F16 LoadPart(const Bf16* p, int64_t count) {
    if (count >= 16) return Load(p);
    Bf16 lane[16] = {};
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
VK_INLINE float SumLanes(const F16& a) {
  const __m256 eight = _mm256_add_ps(a.lo, a.hi);
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

struct Pairs {
  F16 even, odd;
  VK_INLINE Pairs Of(__m256i lo, __m256i hi) {
    const __m256i upper = _mm256_set1_epi32(static_cast<int>(0xFFFF0000u));
    return {{_mm256_castsi256_ps(_mm256_slli_epi32(lo, 16)), _mm256_castsi256_ps(_mm256_slli_epi32(hi, 16))},
            {_mm256_castsi256_ps(_mm256_and_si256(lo, upper)), _mm256_castsi256_ps(_mm256_and_si256(hi, upper))}};
  }
  VK_INLINE Pairs Load(const Bf16* p) {
    const auto* at = reinterpret_cast<const __m256i*>(p);
    return Of(_mm256_loadu_si256(at), _mm256_loadu_si256(at + 1));
  }
  VK_INLINE Pairs Broadcast(const Bf16* p) {
    int pair;
    std::memcpy(&pair, p, sizeof(pair));
    return Of(_mm256_set1_epi32(pair), _mm256_set1_epi32(pair));
  }
};
VK_INLINE F16 DotPairs(const Pairs& a, const Pairs& b, const F16& sum) { return Fma(a.even, b.even, Fma(a.odd, b.odd, sum)); }
VK_INLINE void StoreBf16(const F16& a, Bf16* p) {
  float lane[16];
  a.Store(lane);
  for (int i = 0; i < 16; ++i) p[i] = RoundBf16(lane[i]);
}

constexpr int kTileRows = 6;
constexpr int kTileVectors = 1;
constexpr const char* kName = "avx2";
#include "policy/kernels/vector_kernels.inc"

}  // namespace avx2
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")
namespace avx512 {

#include "policy/kernels/vector_avx512.inc"

struct Pairs {
  F16 even, odd;
  VK_INLINE Pairs Of(__m512i pairs) {
    return {{_mm512_castsi512_ps(_mm512_slli_epi32(pairs, 16))},
            {_mm512_castsi512_ps(_mm512_and_si512(pairs, _mm512_set1_epi32(static_cast<int>(0xFFFF0000u))))}};
  }
  VK_INLINE Pairs Load(const Bf16* p) { return Of(_mm512_loadu_si512(p)); }
  VK_INLINE Pairs Broadcast(const Bf16* p) {
    int pair;
    std::memcpy(&pair, p, sizeof(pair));
    return Of(_mm512_set1_epi32(pair));
  }
};
VK_INLINE F16 DotPairs(const Pairs& a, const Pairs& b, const F16& sum) { return Fma(a.even, b.even, Fma(a.odd, b.odd, sum)); }

constexpr const char* kName = "avx512";
#include "policy/kernels/vector_kernels.inc"

}  // namespace avx512
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma")
namespace avx512_bf16 {

#include "policy/kernels/vector_avx512.inc"

struct Pairs {
  __m512i v;
  VK_INLINE Pairs Load(const Bf16* p) { return {_mm512_loadu_si512(p)}; }
  VK_INLINE Pairs Broadcast(const Bf16* p) {
    int pair;
    std::memcpy(&pair, p, sizeof(pair));
    return {_mm512_set1_epi32(pair)};
  }
};
VK_INLINE F16 DotPairs(const Pairs& a, const Pairs& b, const F16& sum) {
  return {_mm512_dpbf16_ps(sum.v, reinterpret_cast<__m512bh>(a.v), reinterpret_cast<__m512bh>(b.v))};
}

constexpr const char* kName = "avx512_bf16";
#include "policy/kernels/vector_kernels.inc"

}  // namespace avx512_bf16
#pragma GCC pop_options
#endif

std::vector<const VectorKernels*> AvailableKernels() {
  std::vector<const VectorKernels*> kernels = {&plain::kKernels};
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (has_avx2) kernels.push_back(&avx2::kKernels);
  if (has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl")) {
    kernels.push_back(&avx512::kKernels);
    if (__builtin_cpu_supports("avx512bf16")) kernels.push_back(&avx512_bf16::kKernels);
  }
#endif
  return kernels;
}

const VectorKernels& ActiveKernels() {
  static const VectorKernels* const kActive = AvailableKernels().back();
  return *kActive;
}

}  // namespace temper
