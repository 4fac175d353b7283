// The own CUDA kernels, run on the CPU and held against plain loops. What a GPU does to their speed and memory order is for the tests
// with the label gpu.
#include "tests/support/cuda_on_cpu.h"
// What the words of the kernels mean here comes first.
#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "cluster/base/keyed_random.h"
#include "policy/kernels/cuda_kernel_bodies.cuh"

namespace temper::cuda {
namespace {

std::vector<float> Normals(int64_t count, uint64_t seed, double scale = 1) {
  KeyedStream stream(seed, "kernel test");
  std::vector<float> values;
  for (int64_t i = 0; i < count; ++i) values.push_back(static_cast<float>(scale * stream.Normal()));
  return values;
}

std::vector<Bf16Bits> Rounded(const std::vector<float>& values) {
  std::vector<Bf16Bits> rounded(values.size());
  for (size_t i = 0; i < values.size(); ++i) Put(values[i], &rounded[i]);
  return rounded;
}

TEST(CudaKernelBodies, RoundsToTheNearestBf16) {
  const auto bits = [](float x) {
    Bf16Bits out;
    Put(x, &out);
    return out.bits;
  };
  EXPECT_EQ(bits(1.0f), 0x3f80);
  EXPECT_EQ(bits(1.00390625f), 0x3f80);  // half-way, to even
  EXPECT_EQ(bits(1.01171875f), 0x3f82);  // half-way, to even
  EXPECT_EQ(bits(1.0040f), 0x3f81);
  EXPECT_EQ(bits(-INFINITY), 0xff80);
  EXPECT_TRUE(std::isnan(ToFloat(Bf16Bits{bits(NAN)})));
}

TEST(CudaKernelBodies, NormsRows) {
  constexpr int64_t kRows = 3, kSize = 301;
  const std::vector<float> x = Normals(kRows * kSize, 1), weight = Normals(kSize, 2);
  std::vector<float> y(x.size());
  cuda_on_cpu::Launch({kRows}, kRowThreads, [&] { RmsNormKernel(x.data(), weight.data(), 1e-5f, kSize, y.data()); });
  for (int64_t row = 0; row < kRows; ++row) {
    double sum = 0;
    for (int64_t i = 0; i < kSize; ++i) sum += double{x[row * kSize + i]} * x[row * kSize + i];
    const double factor = 1 / std::sqrt(sum / kSize + 1e-5);
    for (int64_t i = 0; i < kSize; ++i) EXPECT_NEAR(y[row * kSize + i], x[row * kSize + i] * factor * weight[i], 1e-5);
  }
}

TEST(CudaKernelBodies, GatesAndLeavesTheRestOfTheBlockAlone) {
  constexpr int64_t kRows = 3, kSize = 37;
  const std::vector<float> x = Normals(kRows * 2 * kSize, 3);
  std::vector<float> y(kRows * kSize + 5, -7.0f);
  cuda_on_cpu::Launch({2}, 64, [&] { SwiGluKernel(x.data(), kSize, kRows * kSize, y.data()); });
  for (int64_t i = 0; i < kRows * kSize; ++i) {
    const double gate = x[i / kSize * 2 * kSize + i % kSize], up = x[i / kSize * 2 * kSize + kSize + i % kSize];
    EXPECT_NEAR(y[i], gate / (1 + std::exp(-gate)) * up, 1e-6);
  }
  for (int64_t i = kRows * kSize; i < kRows * kSize + 5; ++i) EXPECT_EQ(y[i], -7.0f);
}

TEST(CudaKernelBodies, SplitsNormsAndTurnsHeads) {
  constexpr int64_t kTokens = 2, kHeads = 3, kKvHeads = 1, kSize = 10, kAll = kHeads + 2 * kKvHeads;
  const std::vector<float> qkv = Normals(kTokens * kAll * kSize, 4), q_norm = Normals(kSize, 5), angle = Normals(kTokens * kSize / 2, 6);
  std::vector<float> cosine, sine;
  for (const float a : angle) {
    cosine.push_back(std::cos(a));
    sine.push_back(std::sin(a));
  }
  std::vector<float> q(kTokens * kHeads * kSize), k(kTokens * kKvHeads * kSize), v(k.size());
  cuda_on_cpu::Launch({kTokens * kAll}, 32, [&] {
    SplitHeadsKernel(qkv.data(), cosine.data(), sine.data(), q_norm.data(), nullptr, 1e-6f, {kHeads, kKvHeads, kSize}, q.data(), k.data(),
                     v.data());
  });
  for (int64_t t = 0; t < kTokens; ++t) {
    for (int64_t h = 0; h < kAll; ++h) {
      const float* from = qkv.data() + (t * kAll + h) * kSize;
      double sum = 0;
      for (int64_t i = 0; i < kSize; ++i) sum += double{from[i]} * from[i];
      for (int64_t i = 0; i < kSize / 2; ++i) {
        double a = from[i], b = from[i + kSize / 2];
        if (h < kHeads) {
          a *= q_norm[i] / std::sqrt(sum / kSize + 1e-6);
          b *= q_norm[i + kSize / 2] / std::sqrt(sum / kSize + 1e-6);
        }
        const bool turns = h < kHeads + kKvHeads;
        const double c = turns ? cosine[t * kSize / 2 + i] : 1, s = turns ? sine[t * kSize / 2 + i] : 0;
        const float* to = h < kHeads ? q.data() + (t * kHeads + h) * kSize : turns ? k.data() + t * kSize : v.data() + t * kSize;
        EXPECT_NEAR(to[i], a * c - b * s, 1e-5) << t << " " << h << " " << i;
        EXPECT_NEAR(to[i + kSize / 2], b * c + a * s, 1e-5) << t << " " << h << " " << i;
      }
    }
  }
}

struct DecodeCase {
  int64_t heads, kv_heads, dim, window;
};

// Rows with a prompt, a completion, or both, some longer than a tile.
constexpr int64_t kRowLength = 300;
const std::vector<int64_t> kPromptRow = {0, 0, 1, 0}, kPromptLength = {270, 270, 5, 0}, kOwnRow = {2, 3, 4, 5}, kOwnLength = {290, 1, 7, 1};

template <typename T>
std::vector<float> Widened(const std::vector<T>& values) {
  std::vector<float> wide;
  for (const T& value : values) wide.push_back(ToFloat(value));
  return wide;
}

// Softmax attention in double over the cache after the new keys and values were stored.
std::vector<double> PlainAttention(const DecodeCase& c, const std::vector<float>& q, const std::vector<float>& keys,
                                   const std::vector<float>& values) {
  std::vector<double> out(q.size());
  for (size_t row = 0; row < kOwnRow.size(); ++row) {
    std::vector<int64_t> places;
    for (int64_t p = 0; p < kPromptLength[row]; ++p) places.push_back(kPromptRow[row] * kRowLength + p);
    for (int64_t p = 0; p < kOwnLength[row]; ++p) places.push_back(kOwnRow[row] * kRowLength + p);
    if (c.window > 0 && static_cast<int64_t>(places.size()) > c.window) places.erase(places.begin(), places.end() - c.window);
    for (int64_t h = 0; h < c.heads; ++h) {
      const int64_t kv = h / (c.heads / c.kv_heads);
      const float* query = q.data() + (static_cast<int64_t>(row) * c.heads + h) * c.dim;
      std::vector<double> weights;
      double total = 0;
      for (const int64_t place : places) {
        double score = 0;
        for (int64_t i = 0; i < c.dim; ++i) score += double{query[i]} * keys[(place * c.kv_heads + kv) * c.dim + i];
        weights.push_back(std::exp(score / std::sqrt(static_cast<double>(c.dim))));
        total += weights.back();
      }
      for (size_t j = 0; j < places.size(); ++j)
        for (int64_t i = 0; i < c.dim; ++i)
          out[(row * c.heads + h) * c.dim + i] += weights[j] / total * values[(places[j] * c.kv_heads + kv) * c.dim + i];
    }
  }
  return out;
}

template <typename T, int kPack>
void ExpectDecodes(const DecodeCase& c, const std::vector<T>& q, const std::vector<T>& k, const std::vector<T>& v, std::vector<T> keys,
                   std::vector<T> values, double tolerance) {
  std::vector<T> out(q.size());
  const DecodeCache cache{kPromptRow.data(), kPromptLength.data(), kOwnRow.data(), kOwnLength.data(), kRowLength, c.window};
  const auto rows = static_cast<unsigned>(kOwnRow.size());
  const auto bundles = static_cast<unsigned>((c.heads / c.kv_heads + kHeadBundle - 1) / kHeadBundle);
  cuda_on_cpu::Launch({static_cast<unsigned>(c.kv_heads), rows, bundles}, kTile, [&] {
    DecodeAttentionKernel<T, kPack>(q.data(), k.data(), v.data(), keys.data(), values.data(), cache, c.heads, c.kv_heads, c.dim,
                                    1 / std::sqrt(static_cast<float>(c.dim)), out.data());
  });
  for (size_t row = 0; row < rows; ++row)
    for (int64_t i = 0; i < c.kv_heads * c.dim; ++i) {
      const size_t place = static_cast<size_t>(kOwnRow[row] * kRowLength + kOwnLength[row] - 1);
      ASSERT_EQ(ToFloat(keys[place * c.kv_heads * c.dim + i]), ToFloat(k[row * c.kv_heads * c.dim + i]));
      ASSERT_EQ(ToFloat(values[place * c.kv_heads * c.dim + i]), ToFloat(v[row * c.kv_heads * c.dim + i]));
    }
  const std::vector<double> expected = PlainAttention(c, Widened(q), Widened(keys), Widened(values));
  for (size_t i = 0; i < out.size(); ++i) ASSERT_NEAR(ToFloat(out[i]), expected[i], tolerance) << i;
}

TEST(CudaKernelBodies, DecodesOverTheCache) {
  // A group within a bundle of heads and one beyond it; dimensions that divide a tile, that do not, and that take no wide loads.
  for (const DecodeCase& c : {DecodeCase{14, 2, 64, 0}, {10, 1, 24, 0}, {4, 2, 10, 0}, {4, 4, 256, 0}, {4, 2, 64, 100}, {2, 1, 96, 3}}) {
    const int64_t positions = 6 * kRowLength * c.kv_heads * c.dim, tokens = static_cast<int64_t>(kOwnRow.size());
    const auto q = Normals(tokens * c.heads * c.dim, 7), k = Normals(tokens * c.kv_heads * c.dim, 8),
               v = Normals(tokens * c.kv_heads * c.dim, 9), keys = Normals(positions, 10), values = Normals(positions, 11);
    if (c.dim % 4 == 0)
      ExpectDecodes<float, 4>(c, q, k, v, keys, values, 1e-5);
    else
      ExpectDecodes<float, 1>(c, q, k, v, keys, values, 1e-5);
    // What bf16 rounds away of an output below 4: 2^-8 of it.
    if (c.dim % 8 == 0) ExpectDecodes<Bf16Bits, 8>(c, Rounded(q), Rounded(k), Rounded(v), Rounded(keys), Rounded(values), 1.6e-2);
  }
}

struct Drawn {
  double token, logprob, policy_logprob;
};

std::vector<Drawn> Draw(const std::vector<float>& logits, int64_t vocabulary, const std::vector<double>& factors,
                        const std::vector<double>& uniforms) {
  const size_t rows = factors.size();
  std::vector<double> out(3 * rows);
  cuda_on_cpu::Launch({static_cast<unsigned>(rows)}, kDrawThreads,
                      [&] { DrawKernel(logits.data(), vocabulary, factors.data(), uniforms.data(), out.data()); });
  std::vector<Drawn> drawn;
  for (size_t i = 0; i < rows; ++i) drawn.push_back({out[i], out[rows + i], out[2 * rows + i]});
  return drawn;
}

TEST(CudaKernelBodies, DrawsWhereTheCumulativeDistributionPassesTheNumber) {
  const std::vector<double> uniforms = {0.0, 0.1, 0.5, 0.77, 1 - 0x1p-53};
  for (const int64_t vocabulary : {5, 61, 1000, 20001}) {
    std::vector<float> row = Normals(vocabulary, 12, 3);
    for (int64_t i = 0; i < vocabulary / 3; ++i) row[i] = -INFINITY;  // nothing before the place
    std::vector<float> logits;
    for (size_t i = 0; i < uniforms.size(); ++i) logits.insert(logits.end(), row.begin(), row.end());
    for (const double factor : {1.0, 2.5}) {
      double total = 0, policy_total = 0;
      for (const float z : row) total += std::exp(factor * z);
      for (const float z : row) policy_total += std::exp(double{z});
      const std::vector<Drawn> drawn = Draw(logits, vocabulary, std::vector<double>(uniforms.size(), factor), uniforms);
      for (size_t u = 0; u < uniforms.size(); ++u) {
        const auto token = static_cast<int64_t>(drawn[u].token);
        ASSERT_GE(token, 0);
        double before = 0;
        for (int64_t i = 0; i < token; ++i) before += std::exp(factor * row[i]);
        // Weights are fp32: the edges of the distribution are off by 1e-6 of the whole at most.
        EXPECT_LE(before / total, uniforms[u] + 1e-6);
        EXPECT_GT((before + std::exp(factor * row[token])) / total, uniforms[u] - 1e-6);
        EXPECT_NEAR(drawn[u].logprob, factor * row[token] - std::log(total), 1e-5);
        EXPECT_NEAR(drawn[u].policy_logprob, row[token] - std::log(policy_total), 1e-5);
      }
    }
  }
}

TEST(CudaKernelBodies, DrawsTheFirstOfTheLargestWhenGreedyAndRefusesWhatIsNotANumber) {
  std::vector<float> logits = Normals(3 * 2000, 13);
  logits[700] = logits[1300] = 50;
  logits[2000 + 1999] = NAN;
  std::fill(logits.begin() + 4000, logits.end(), -INFINITY);
  const std::vector<Drawn> drawn = Draw(logits, 2000, {0, 1, 1}, {0.9, 0.5, 0.5});
  EXPECT_EQ(drawn[0].token, 700);
  EXPECT_EQ(drawn[0].logprob, 0);
  EXPECT_NEAR(drawn[0].policy_logprob, -std::log(2.0), 1e-5);
  EXPECT_EQ(drawn[1].token, -1);
  EXPECT_EQ(drawn[2].token, -1);
}

}  // namespace
}  // namespace temper::cuda
