// The own CUDA kernels, without tensors: policy/kernels/cuda_kernels.cu launches them; tests/policy/kernels/cuda_kernel_bodies_test.cc runs them on the
// CPU. They use nothing but barriers and warp shuffles, which all threads of the block or warp reach.
#pragma once

#include <cstdint>

namespace temper::cuda {

constexpr unsigned kAllLanes = 0xffffffffu;

struct Bf16Bits {
  uint16_t bits;
};

__device__ inline float ToFloat(float x) { return x; }
__device__ inline float ToFloat(Bf16Bits x) { return __uint_as_float(static_cast<uint32_t>(x.bits) << 16); }
__device__ inline void Put(float x, float* to) { *to = x; }
// Nearest, ties to even; NaN stays NaN.
__device__ inline void Put(float x, Bf16Bits* to) {
  const uint32_t bits = __float_as_uint(x);
  to->bits = static_cast<uint16_t>(x != x ? (bits >> 16) | 0x40u : (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

template <typename T>
__device__ T WarpSum(T x) {
  for (int lanes = 16; lanes > 0; lanes /= 2) x += __shfl_xor_sync(kAllLanes, x, lanes);
  return x;
}
__device__ inline float WarpMax(float x) {
  for (int lanes = 16; lanes > 0; lanes /= 2) {
    const float other = __shfl_xor_sync(kAllLanes, x, lanes);
    x = other > x ? other : x;
  }
  return x;
}

// One block of kRowThreads a row: y = x / sqrt(mean(x^2) + eps) * weight.
constexpr int kRowThreads = 256;
template <typename T>
__global__ void RmsNormKernel(const float* x, const float* weight, float eps, int64_t size, T* y) {
  __shared__ float partial[kRowThreads / 32];
  const float* row = x + static_cast<int64_t>(blockIdx.x) * size;
  float sum = 0;
  for (int64_t i = threadIdx.x; i < size; i += kRowThreads) sum += row[i] * row[i];
  sum = WarpSum(sum);
  if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = sum;
  __syncthreads();
  float total = 0;
  for (int i = 0; i < kRowThreads / 32; ++i) total += partial[i];
  const float factor = 1.0f / sqrtf(total / static_cast<float>(size) + eps);
  for (int64_t i = threadIdx.x; i < size; i += kRowThreads) {
    Put(row[i] * factor * weight[i], y + static_cast<int64_t>(blockIdx.x) * size + i);
  }
}

// A thread an element of y [rows, size] = silu(gate) up.
template <typename T>
__global__ void SwiGluKernel(const T* gate_up, int64_t size, int64_t count, T* y) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= count) return;
  const T* row = gate_up + i / size * 2 * size + i % size;
  const float gate = ToFloat(row[0]);
  Put(gate / (1.0f + expf(-gate)) * ToFloat(row[size]), y + i);
}

// The shape of a fused projection: rows of (heads + 2 kv_heads) heads of `size`.
struct HeadLayout {
  int64_t heads, kv_heads, size;
};

// A block of one warp a head of a token, grid tokens * (heads + 2 kv_heads): copies it to q, k or v, those of q and k normed where a norm
// is given and turned by the token's angles.
template <typename T>
__global__ void SplitHeadsKernel(const T* qkv, const float* cos_TR, const float* sin_TR, const float* q_norm, const float* k_norm,
                                 float eps, HeadLayout layout, T* q, T* k, T* v) {
  const int64_t all = layout.heads + 2 * layout.kv_heads;
  const int64_t token = blockIdx.x / all, head = blockIdx.x % all, size = layout.size, half = size / 2;
  const T* from = qkv + static_cast<int64_t>(blockIdx.x) * size;
  const bool is_q = head < layout.heads, is_v = head >= layout.heads + layout.kv_heads;
  T* to = is_q   ? q + (token * layout.heads + head) * size
          : is_v ? v + (token * layout.kv_heads + head - layout.heads - layout.kv_heads) * size
                 : k + (token * layout.kv_heads + head - layout.heads) * size;
  const float* norm = is_v ? nullptr : is_q ? q_norm : k_norm;
  float factor = 1;
  if (norm != nullptr) {
    float sum = 0;
    for (int64_t i = threadIdx.x; i < size; i += 32) sum += ToFloat(from[i]) * ToFloat(from[i]);
    factor = 1.0f / sqrtf(WarpSum(sum) / static_cast<float>(size) + eps);
  }
  for (int64_t i = threadIdx.x; i < half; i += 32) {
    float a = ToFloat(from[i]), b = ToFloat(from[i + half]);
    if (norm != nullptr) {
      a = a * factor * norm[i];
      b = b * factor * norm[i + half];
    }
    const float cosine = is_v ? 1.0f : cos_TR[token * half + i], sine = is_v ? 0.0f : sin_TR[token * half + i];
    Put(a * cosine - b * sine, to + i);
    Put(b * cosine + a * sine, to + i + half);
  }
}

// Where the rows of a decode step keep their keys and values; see DeviceDecodeRows.
struct DecodeCache {
  const int64_t *prompt_row, *prompt_length, *own_row, *own_length;
  int64_t row_length;  // positions of a cache row
  int64_t window;      // 0 = all

  // Index of the row's `position` among all positions of the cache.
  __device__ int64_t PlaceOf(int64_t row, int64_t position) const {
    const int64_t prompt = prompt_length[row];
    return position < prompt ? prompt_row[row] * row_length + position : own_row[row] * row_length + position - prompt;
  }
};

// Numbers that one load fetches.
template <typename T, int kCount>
struct alignas(kCount * sizeof(T)) Pack {
  T of[kCount];
};

// Query heads that one block deals with, one warp each in the softmax, and positions of a tile, one thread each in the scores.
constexpr int kHeadBundle = 8;
constexpr int kTile = 256;
constexpr int kMaxHeadDim = 256;

// Attention of one token per row over its cache. Grid (kv_heads, rows, ceil(heads per kv head / kHeadBundle)), kTile threads; head
// dimension at most kMaxHeadDim and a multiple of kPack, which divides 16 bytes. First stores the row's own key and value: every block
// reads only what was there before or what it wrote itself. Softmax online over tiles:
//   scores: a thread a position, q from shared memory;  weights: a warp a head;  sums: a thread a dimension and every `parts`-th position.
template <typename T, int kPack>
__global__ void DecodeAttentionKernel(const T* q, const T* k, const T* v, T* keys, T* values, DecodeCache cache, int64_t heads,
                                      int64_t kv_heads, int64_t dim, float scale, T* out) {
  __shared__ float q_part[kHeadBundle * kMaxHeadDim];
  __shared__ float weights[kHeadBundle * kTile];
  __shared__ float largest[kHeadBundle], total[kHeadBundle], shrink[kHeadBundle];
  const int64_t kv = blockIdx.x, row = blockIdx.y, group = heads / kv_heads;
  const int64_t first_head = kv * group + static_cast<int64_t>(blockIdx.z) * kHeadBundle;
  const int64_t rest = (kv + 1) * group - first_head;
  const int bundle = rest < kHeadBundle ? static_cast<int>(rest) : kHeadBundle;
  const int thread = static_cast<int>(threadIdx.x);
  const int64_t length = cache.prompt_length[row] + cache.own_length[row], stride = kv_heads * dim;
  const int64_t own = cache.PlaceOf(row, length - 1) * stride + kv * dim;
  for (int64_t c = thread; c < dim; c += kTile) {
    keys[own + c] = k[(row * kv_heads + kv) * dim + c];
    values[own + c] = v[(row * kv_heads + kv) * dim + c];
  }
  for (int64_t i = thread; i < bundle * dim; i += kTile) q_part[i] = ToFloat(q[(row * heads + first_head) * dim + i]) * scale;
  if (thread < kHeadBundle) {
    largest[thread] = -INFINITY;
    total[thread] = 0;
  }
  __syncthreads();
  const int64_t parts = kTile / dim, part = thread / dim, d = thread % dim;
  float sums[kHeadBundle] = {};
  const int64_t begin = cache.window > 0 && length > cache.window ? length - cache.window : 0;
  for (int64_t tile = begin; tile < length; tile += kTile) {
    const int count = length - tile < kTile ? static_cast<int>(length - tile) : kTile;
    float scores[kHeadBundle] = {};
    if (thread < count) {
      const T* key = keys + cache.PlaceOf(row, tile + thread) * stride + kv * dim;
      for (int64_t c = 0; c < dim; c += kPack) {
        const Pack<T, kPack> numbers = *reinterpret_cast<const Pack<T, kPack>*>(key + c);
#pragma unroll
        for (int i = 0; i < kPack; ++i) {
          const float number = ToFloat(numbers.of[i]);
#pragma unroll
          for (int h = 0; h < kHeadBundle; ++h) {
            if (h < bundle) scores[h] += number * q_part[h * dim + c + i];
          }
        }
      }
    }
#pragma unroll
    for (int h = 0; h < kHeadBundle; ++h) weights[h * kTile + thread] = thread < count ? scores[h] : -INFINITY;
    __syncthreads();
    const int warp = thread / 32, lane = thread % 32;  // of the warp's head
    float top = -INFINITY;
    for (int i = lane; i < kTile; i += 32) top = fmaxf(top, weights[warp * kTile + i]);
    const float before = largest[warp];
    top = fmaxf(before, WarpMax(top));
    float sum = 0;
    for (int i = lane; i < kTile; i += 32) {
      const float weight = expf(weights[warp * kTile + i] - top);
      weights[warp * kTile + i] = weight;
      sum += weight;
    }
    sum = WarpSum(sum);
    if (lane == 0) {
      shrink[warp] = expf(before - top);
      total[warp] = total[warp] * shrink[warp] + sum;
      largest[warp] = top;
    }
    __syncthreads();
    if (part < parts) {
#pragma unroll
      for (int h = 0; h < kHeadBundle; ++h) sums[h] *= shrink[h];
      for (int64_t i = part; i < count; i += parts) {
        const float value = ToFloat(values[cache.PlaceOf(row, tile + i) * stride + kv * dim + d]);
#pragma unroll
        for (int h = 0; h < kHeadBundle; ++h) sums[h] += weights[h * kTile + i] * value;
      }
    }
    __syncthreads();
  }
  // Adds up the parts, in order; the weights' memory holds them.
#pragma unroll
  for (int h = 0; h < kHeadBundle; ++h) weights[h * kTile + thread] = sums[h];
  __syncthreads();
  for (int64_t i = thread; i < bundle * dim; i += kTile) {
    const int64_t h = i / dim, c = i % dim;
    float sum = 0;
    for (int64_t p = 0; p < parts; ++p) sum += weights[h * kTile + p * dim + c];
    Put(sum / total[h], out + (row * heads + first_head) * dim + i);
  }
}

// A block of kDrawThreads a row: draws as Sampler does (rollout/engine/sampler.h) by inverting the cumulative distribution at `uniform`. The range
// that holds the place is cut into one piece a warp until a warp can walk it. out [3, rows]: token (-1: the largest logit is not finite),
// log-prob, policy log-prob.
constexpr int kDrawThreads = 1024;
constexpr int kDrawWarps = kDrawThreads / 32;
constexpr int64_t kWalk = 256;

struct DrawState {
  float largest;
  int64_t first_largest;
  int64_t begin, end;  // ids among which the place is
  double below;        // weight of the ids before
  double total, policy_total;
};

// Sums of exp(factor z - factor largest) over the warp's piece of [begin, end), and of exp(z - largest).
__device__ inline void SumPieces(const float* z, const DrawState& state, float factor, double* sums, double* policy_sums) {
  const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
  const int64_t piece = (state.end - state.begin + kDrawWarps - 1) / kDrawWarps;
  const int64_t from = state.begin + warp * piece, until = from + piece < state.end ? from + piece : state.end;
  double sum = 0, policy = 0;
  for (int64_t i = from + lane; i < until; i += 32) {
    sum += expf(z[i] * factor - state.largest * factor);
    if (policy_sums != nullptr) policy += expf(z[i] - state.largest);
  }
  sum = WarpSum(sum);
  policy = WarpSum(policy);
  if (lane != 0) return;
  sums[warp] = sum;
  if (policy_sums != nullptr) policy_sums[warp] = policy;
}

// Narrows the range to the piece that the cumulative weight `target` falls into.
__device__ inline void TakePiece(const double* sums, double target, DrawState* state) {
  const int64_t piece = (state->end - state->begin + kDrawWarps - 1) / kDrawWarps;
  int taken = 0;
  while (taken + 1 < kDrawWarps && state->below + sums[taken] <= target) state->below += sums[taken++];
  while (taken > 0 && sums[taken] == 0) --taken;  // rounding may leave the target a hair behind the last weight
  state->begin += taken * piece;
  state->end = state->begin + piece < state->end ? state->begin + piece : state->end;
}

// One warp: the id of [begin, end) at which the cumulative weight passes `target`, else the last with any weight.
__device__ inline int64_t WalkRange(const float* z, const DrawState& state, float factor, double target) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  double below = state.below;
  int64_t last = state.begin;
  for (int64_t from = state.begin; from < state.end; from += 32) {
    const int64_t i = from + lane;
    const double weight = i < state.end ? static_cast<double>(expf(z[i] * factor - state.largest * factor)) : 0;
    double up_to = weight;
    for (int lanes = 1; lanes < 32; lanes *= 2) {
      const double other = __shfl_up_sync(kAllLanes, up_to, lanes);
      if (lane >= lanes) up_to += other;
    }
    int passed = weight > 0 && below + up_to > target ? lane : 32;
    int with_weight = weight > 0 ? lane : -1;
    for (int lanes = 16; lanes > 0; lanes /= 2) {
      const int other = __shfl_xor_sync(kAllLanes, passed, lanes), other_weight = __shfl_xor_sync(kAllLanes, with_weight, lanes);
      passed = other < passed ? other : passed;
      with_weight = other_weight > with_weight ? other_weight : with_weight;
    }
    if (passed < 32) return from + passed;
    if (with_weight >= 0) last = from + with_weight;
    below += __shfl_sync(kAllLanes, up_to, 31);
  }
  return last;
}

__device__ inline void FindLargest(const float* z, int64_t vocabulary, float* tops, int64_t* places, DrawState* state) {
  float top = -INFINITY;
  int64_t place = vocabulary;
  bool broken = false;  // a NaN anywhere
  for (int64_t i = threadIdx.x; i < vocabulary; i += kDrawThreads) {
    broken = broken || z[i] != z[i];
    if (z[i] > top) {
      top = z[i];
      place = i;
    }
  }
  if (broken) top = INFINITY;
  for (int lanes = 16; lanes > 0; lanes /= 2) {
    const float other = __shfl_xor_sync(kAllLanes, top, lanes);
    const int64_t other_place = __shfl_xor_sync(kAllLanes, place, lanes);
    if (other > top || (other == top && other_place < place)) {
      top = other;
      place = other_place;
    }
  }
  if (threadIdx.x % 32 == 0) {
    tops[threadIdx.x / 32] = top;
    places[threadIdx.x / 32] = place;
  }
  __syncthreads();
  if (threadIdx.x != 0) return;
  state->largest = tops[0];
  state->first_largest = places[0];
  for (int i = 1; i < kDrawWarps; ++i) {
    if (tops[i] < state->largest || (tops[i] == state->largest && places[i] >= state->first_largest)) continue;
    state->largest = tops[i];
    state->first_largest = places[i];
  }
}

__global__ void DrawKernel(const float* logits, int64_t vocabulary, const double* factors, const double* uniforms, double* out) {
  __shared__ float tops[kDrawWarps];
  __shared__ int64_t places[kDrawWarps];
  __shared__ double sums[kDrawWarps], policy_sums[kDrawWarps];
  __shared__ DrawState state;
  const int64_t row = blockIdx.x, rows = gridDim.x;
  const float* z = logits + row * vocabulary;
  const bool greedy = factors[row] == 0;
  const float factor = greedy ? 1.0f : static_cast<float>(factors[row]);
  FindLargest(z, vocabulary, tops, places, &state);
  if (threadIdx.x == 0) {
    state.begin = 0;
    state.end = vocabulary;
    state.below = 0;
  }
  __syncthreads();
  if (!(fabsf(state.largest) < INFINITY)) {
    if (threadIdx.x == 0) out[row] = -1;
    return;
  }
  SumPieces(z, state, factor, sums, policy_sums);
  __syncthreads();
  if (threadIdx.x == 0) {
    state.total = state.policy_total = 0;
    for (int i = 0; i < kDrawWarps; ++i) {
      state.total += sums[i];
      state.policy_total += policy_sums[i];
    }
  }
  __syncthreads();
  const double target = uniforms[row] * state.total;
  while (state.end - state.begin > kWalk) {  // the sums of the first turn are there already
    if (state.end - state.begin < vocabulary) SumPieces(z, state, factor, sums, nullptr);
    __syncthreads();
    if (threadIdx.x == 0) TakePiece(sums, target, &state);
    __syncthreads();
  }
  if (threadIdx.x >= 32) return;
  const int64_t token = greedy ? state.first_largest : WalkRange(z, state, factor, target);
  if (threadIdx.x != 0) return;
  const double top = state.largest, logit = z[token];
  const double policy = logit - top - log(state.policy_total), drawn = static_cast<double>(factor) * (logit - top) - log(state.total);
  out[row] = static_cast<double>(token);
  out[rows + row] = greedy ? 0 : drawn < 0 ? drawn : 0;
  out[2 * rows + row] = policy < 0 ? policy : 0;
}

}  // namespace temper::cuda
