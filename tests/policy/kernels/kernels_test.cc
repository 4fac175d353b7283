#include "policy/kernels/kernels.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <string>

#include <ATen/Parallel.h>
#include <ATen/ops/add.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/sum.h>
#include <gtest/gtest.h>

#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"
#include "policy/kernels/vector_kernels.h"
#include "policy/kernels/weight_panels.h"
#include "policy/model/rope.h"

namespace temper {
namespace {

std::vector<float> Normals(uint64_t seed, int64_t count) {
  KeyedStream stream(seed, "kernels_test");
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(stream.Normal());
  return values;
}

at::Tensor RandomTensor(uint64_t seed, at::IntArrayRef shape) {
  at::Tensor x = at::empty(shape, at::kFloat);
  const auto values = Normals(seed, x.numel());
  std::copy(values.begin(), values.end(), x.mutable_data_ptr<float>());
  return x;
}

double Dot(const at::Tensor& a, const at::Tensor& b) {
  double sum = 0;
  for (int64_t i = 0; i < a.numel(); ++i) sum += double{a.const_data_ptr<float>()[i]} * double{b.const_data_ptr<float>()[i]};
  return sum;
}

// Compares the backward of `function` at `inputs` with central differences of sum_o weight_o . output_o.
void CheckGradient(const std::function<std::vector<at::Tensor>()>& function, const std::vector<at::Tensor>& inputs) {
  const auto loss = [&] {
    double sum = 0;
    uint64_t seed = 100;
    for (const at::Tensor& out : function()) sum += Dot(out.detach(), RandomTensor(seed++, out.sizes()));
    return sum;
  };
  for (const at::Tensor& input : inputs) input.set_requires_grad(true);
  at::Tensor total = at::empty({}, at::kFloat).zero_();
  uint64_t seed = 100;
  for (const at::Tensor& out : function()) total = at::add(total, at::sum(at::mul(out, RandomTensor(seed++, out.sizes()))));
  total.backward();
  // fp32 forward: with steps of 1e-2 truncation and rounding are each about 1e-4 of a gradient of size 1.
  constexpr float kStep = 1e-2f;
  for (size_t n = 0; n < inputs.size(); ++n) {
    float* values = static_cast<float*>(inputs[n].data_ptr());
    for (int64_t i = 0; i < inputs[n].numel(); ++i) {
      const float kept = values[i];
      values[i] = kept + kStep;
      const double above = loss();
      values[i] = kept - kStep;
      const double below = loss();
      values[i] = kept;
      const double slope = (above - below) / (2.0 * kStep);
      EXPECT_NEAR(inputs[n].grad().const_data_ptr<float>()[i], slope, 2e-3 * (1 + std::abs(slope))) << "input " << n << " element " << i;
    }
  }
}

at::Tensor Positions(const std::vector<int64_t>& values) {
  at::Tensor positions = at::empty({static_cast<int64_t>(values.size())}, at::kLong);
  std::copy(values.begin(), values.end(), positions.mutable_data_ptr<int64_t>());
  return positions;
}

TEST(RmsNorm, GivesTheNumbersWorkedOutByHand) {
  at::Tensor x = at::empty({1, 2}, at::kFloat);
  x.mutable_data_ptr<float>()[0] = 3;
  x.mutable_data_ptr<float>()[1] = 4;
  at::Tensor w = at::empty({2}, at::kFloat);
  w.mutable_data_ptr<float>()[0] = 2;
  w.mutable_data_ptr<float>()[1] = -1;
  const at::Tensor y = RmsNorm(x, w, 12.5);  // sqrt((9 + 16) / 2 + 12.5) = 5
  EXPECT_FLOAT_EQ(y.const_data_ptr<float>()[0], 1.2f);
  EXPECT_FLOAT_EQ(y.const_data_ptr<float>()[1], -0.8f);
}

TEST(RmsNorm, BackwardAgreesWithFiniteDifferences) {
  const at::Tensor x = RandomTensor(1, {3, 21});
  const at::Tensor w = RandomTensor(2, {21});
  CheckGradient([&] { return std::vector{RmsNorm(x, w, 1e-5)}; }, {x, w});
}

TEST(RmsNorm, NormalisesEveryHeadOfAThreeDimensionalTensor) {
  const at::Tensor x = RandomTensor(1, {2, 3, 18});
  const at::Tensor w = RandomTensor(2, {18});
  CheckGradient([&] { return std::vector{RmsNorm(x, w, 1e-5)}; }, {x, w});
}

TEST(SwiGlu, GivesTheNumbersWorkedOutByHand) {
  at::Tensor x = at::empty({1, 4}, at::kFloat);
  const float values[] = {0, std::log(3.0f), 5, 2};  // sigmoid(0) = 1/2, sigmoid(log 3) = 3/4
  std::copy(values, values + 4, x.mutable_data_ptr<float>());
  const at::Tensor y = SwiGlu(x);
  EXPECT_FLOAT_EQ(y.const_data_ptr<float>()[0], 0.0f);
  EXPECT_NEAR(y.const_data_ptr<float>()[1], std::log(3.0) * 0.75 * 2, 1e-6);
}

TEST(SwiGlu, BackwardAgreesWithFiniteDifferences) {
  const at::Tensor x = RandomTensor(3, {3, 38});
  CheckGradient([&] { return std::vector{SwiGlu(x)}; }, {x});
}

TEST(Rotate, TurnsPairsByThePositionsAngle) {
  at::Tensor x = at::empty({1, 1, 4}, at::kFloat);
  const float values[] = {1, 0, 0, 1};  // pairs (0, 2) and (1, 3)
  std::copy(values, values + 4, x.mutable_data_ptr<float>());
  const at::Tensor y = Rotate(x, MakeRotaryAngles(Positions({2}), RopeFrequencies(4, 100.0, {})));  // angles 2 and 2 / sqrt(100)
  const float* out = y.const_data_ptr<float>();
  EXPECT_NEAR(out[0], std::cos(2.0), 1e-6);
  EXPECT_NEAR(out[2], std::sin(2.0), 1e-6);
  EXPECT_NEAR(out[1], -std::sin(0.2), 1e-6);
  EXPECT_NEAR(out[3], std::cos(0.2), 1e-6);
}

TEST(Rotate, BackwardAgreesWithFiniteDifferences) {
  const at::Tensor x = RandomTensor(4, {3, 2, 10});
  const RotaryAngles angles = MakeRotaryAngles(Positions({0, 5, 9}), RopeFrequencies(10, 10000.0, {}));
  CheckGradient([&] { return std::vector{Rotate(x, angles)}; }, {x});
}

TEST(SplitHeads, BackwardAgreesWithFiniteDifferences) {
  const at::Tensor x = RandomTensor(5, {3, (4 + 2 * 2) * 6});
  const RotaryAngles angles = MakeRotaryAngles(Positions({1, 2, 7}), RopeFrequencies(6, 10000.0, {}));
  for (const RotaryAngles* given : {&angles, static_cast<const RotaryAngles*>(nullptr)}) {
    x.mutable_grad() = at::Tensor();
    CheckGradient(
        [&] {
          const auto [q, k, v] = SplitHeads(x, 4, 2, 6, given);
          return std::vector{q, k, v};
        },
        {x});
  }
}

TEST(SplitHeads, UnusedOutputsHaveNoGradient) {
  const at::Tensor x = RandomTensor(5, {2, 3 * 6});
  x.set_requires_grad(true);
  at::sum(SplitHeads(x, 1, 1, 6, nullptr)[2]).backward();
  const float* grad = x.grad().const_data_ptr<float>();
  for (int64_t i = 0; i < 36; ++i) EXPECT_EQ(grad[i], i % 18 >= 12 ? 1.0f : 0.0f);
}

// ---- raw loops ----

class EveryInstructionSet : public ::testing::TestWithParam<const VectorKernels*> {};

TEST_P(EveryInstructionSet, ProductAgreesWithDoubleArithmetic) {
  const VectorKernels& kernels = *GetParam();
  for (const int64_t m : {1, 2, 5, 12, 13, 29})
    for (const int64_t n : {1, 15, 32, 33, 70}) {
      const int64_t k = 19;
      const auto x = Normals(1, m * k);
      const auto w = Normals(2, n * k);
      const auto bias = Normals(3, n);
      std::vector<float> panels(PackedSize(n, k));
      PackPanels(w.data(), n, k, panels.data());
      std::vector<float> y(m * n + 1, 77.0f);
      kernels.gemm(x.data(), panels.data(), bias.data(), y.data(), m, n, k);
      for (int64_t r = 0; r < m; ++r)
        for (int64_t c = 0; c < n; ++c) {
          double sum = bias[c];
          for (int64_t i = 0; i < k; ++i) sum += double{x[r * k + i]} * double{w[c * k + i]};
          EXPECT_NEAR(y[r * n + c], sum, 1e-5);
        }
      EXPECT_EQ(y.back(), 77.0f);  // nothing written behind the end
    }
}

// Everything a forward of a few odd shapes computes, as one vector of bits to compare.
std::vector<float> AllResults(const VectorKernels& kernels) {
  std::vector<float> all;
  all.reserve(size_t{1} << 16);  // room() must not move what it gave before
  const auto x = Normals(7, 29 * 37);
  const auto w = Normals(8, 45 * 37);
  std::vector<float> panels(PackedSize(45, 37));
  PackPanels(w.data(), 45, 37, panels.data());
  const auto room = [&](int64_t count) {
    all.resize(all.size() + count);
    return all.data() + all.size() - count;
  };
  kernels.gemm(x.data(), panels.data(), w.data(), room(29 * 45), 29, 45, 37);
  std::vector<float> inv_rms(29);
  kernels.rms_norm(x.data(), w.data(), 1e-5f, room(29 * 37), inv_rms.data(), 29, 37);
  kernels.rms_norm_backward(x.data(), w.data(), inv_rms.data(), w.data(), room(29 * 37), room(37), 29, 37);
  kernels.swiglu(x.data(), room(14 * 37), 14, 37);
  kernels.swiglu_backward(x.data(), w.data(), room(14 * 74), 14, 37);
  kernels.rotate(x.data(), w.data(), w.data() + 40, 1.0f, room(74), 74);
  const auto keys = Normals(9, 112 * 22);
  const auto values = Normals(10, 112 * 22);
  std::vector<float> scores(256);
  for (const int64_t first : {1, 15, 16, 50, 65})
    for (const int64_t second : {0, 1, 17, 40})
      kernels.attend(x.data(), {keys.data(), values.data(), first}, {keys.data() + 7, values.data() + 9, second}, (first + second) / 2, 22,
                     0.2f, scores.data(), room(22));
  std::vector<float> sums(100);
  kernels.exp_blocks(x.data(), 1.7f, 2.0f, room(1000), sums.data(), 1000);
  all.insert(all.end(), sums.begin(), sums.begin() + 63);
  return all;
}

TEST_P(EveryInstructionSet, GivesTheBitsOfPlainCode) {
  const auto expected = AllResults(*AvailableKernels().front());
  const auto found = AllResults(*GetParam());
  ASSERT_EQ(expected.size(), found.size());
  for (size_t i = 0; i < found.size(); ++i) ASSERT_EQ(found[i], expected[i]) << "value " << i;
}

TEST_P(EveryInstructionSet, ARowOfTheProductDoesNotDependOnTheOthers) {
  const int64_t k = 70;
  const int64_t n = 50;
  const auto x = Normals(11, 40 * k);
  const auto w = Normals(12, n * k);
  std::vector<float> panels(PackedSize(n, k));
  PackPanels(w.data(), n, k, panels.data());
  std::vector<float> together(40 * n);
  GetParam()->gemm(x.data(), panels.data(), nullptr, together.data(), 40, n, k);
  for (int64_t m = 1; m <= 40; ++m) {
    std::vector<float> some(m * n);
    GetParam()->gemm(x.data(), panels.data(), nullptr, some.data(), m, n, k);
    ASSERT_TRUE(std::equal(some.begin(), some.end(), together.begin())) << m << " rows";
  }
}

std::vector<Bf16> Rounded(const std::vector<float>& x) {
  std::vector<Bf16> out(x.size());
  std::transform(x.begin(), x.end(), out.begin(), RoundBf16);
  return out;
}

float Widened(Bf16 x) { return std::bit_cast<float>(static_cast<uint32_t>(x.bits) << 16); }

TEST_P(EveryInstructionSet, RoundsToTheNearestBf16TiesToEven) {
  const float ulp = 0x1p-7f;  // of a bf16 in [1, 2)
  std::vector<float> x = {0.0f, -0.0f, 1.0f, 1 + ulp / 2, 1 + 1.5f * ulp, 1 + 0.51f * ulp, -1 - ulp / 2, INFINITY, -INFINITY, 3.4e38f, NAN};
  const std::vector<float> expected = {0.0f, -0.0f, 1.0f, 1.0f, 1 + 2 * ulp, 1 + ulp, -1.0f, INFINITY, -INFINITY, INFINITY};
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(Widened(RoundBf16(x[i])), expected[i]) << x[i];
  EXPECT_TRUE(std::isnan(Widened(RoundBf16(NAN))));
  const auto normals = Normals(20, 3 * 37 - static_cast<int64_t>(x.size()));
  x.insert(x.end(), normals.begin(), normals.end());
  std::vector<Bf16> rows(3 * 38, Bf16{0x1234});
  GetParam()->round_bf16(x.data(), rows.data(), 3, 37);
  for (size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(rows[i].bits, i % 38 == 37 ? 0 : RoundBf16(x[i / 38 * 37 + i % 38]).bits) << i;
}

TEST_P(EveryInstructionSet, Bf16ProductAgreesWithDoubleArithmeticOnTheRoundedNumbers) {
  const VectorKernels& kernels = *GetParam();
  for (const int64_t m : {1, 2, 12, 29})
    for (const int64_t n : {1, 15, 32, 70})
      for (const int64_t k : {18, 19}) {
        const auto x = Normals(1, m * k);
        const auto w = Normals(2, n * k);
        const auto bias = Normals(3, n);
        std::vector<Bf16> panels(PackedSizeBf16(n, k));
        PackPanelsBf16(w.data(), n, k, panels.data());
        std::vector<Bf16> rows(m * ((k + 1) / 2 * 2));
        kernels.round_bf16(x.data(), rows.data(), m, k);
        std::vector<float> y(m * n + 1, 77.0f);
        kernels.gemm_bf16(rows.data(), panels.data(), bias.data(), y.data(), m, n, k);
        for (int64_t r = 0; r < m; ++r)
          for (int64_t c = 0; c < n; ++c) {
            double sum = bias[c];
            for (int64_t i = 0; i < k; ++i) sum += double{Widened(RoundBf16(x[r * k + i]))} * double{Widened(RoundBf16(w[c * k + i]))};
            ASSERT_NEAR(y[r * n + c], sum, 1e-5) << m << " x " << n << " x " << k;
          }
        EXPECT_EQ(y.back(), 77.0f);  // nothing written behind the end
        std::vector<float> alone(n);
        kernels.gemm_bf16(rows.data() + (m - 1) * ((k + 1) / 2 * 2), panels.data(), bias.data(), alone.data(), 1, n, k);
        EXPECT_TRUE(std::equal(alone.begin(), alone.end(), y.begin() + (m - 1) * n)) << "the last row depends on the others";
      }
}

TEST_P(EveryInstructionSet, Bf16AttentionGivesTheBitsOfFp32AttentionOverTheRoundedCache) {
  const VectorKernels& kernels = *GetParam();
  constexpr int64_t kSize = 74;  // 64 + a tail
  const auto q = Normals(13, kSize);
  const auto keys = Rounded(Normals(14, 96 * kSize));
  const auto values = Rounded(Normals(15, 96 * kSize));
  std::vector<float> wide_keys(keys.size()), wide_values(values.size());
  std::transform(keys.begin(), keys.end(), wide_keys.begin(), Widened);
  std::transform(values.begin(), values.end(), wide_values.begin(), Widened);
  std::vector<float> scores(256), expected(kSize), found(kSize);
  for (const int64_t first : {1, 20, 70})
    for (const int64_t second : {0, 3, 33})
      for (const int64_t begin : {int64_t{0}, first / 2, first + second - 1}) {
        kernels.attend(q.data(), {wide_keys.data(), wide_values.data(), first}, {wide_keys.data() + 32, wide_values.data() + 9, second},
                       begin, kSize, 0.2f, scores.data(), expected.data());
        kernels.attend_bf16(q.data(), {keys.data(), values.data(), first}, {keys.data() + 32, values.data() + 9, second}, begin, kSize,
                            0.2f, scores.data(), found.data());
        EXPECT_EQ(found, expected) << first << " + " << second << " from " << begin;
      }
}

TEST_P(EveryInstructionSet, ExponentialIsExactToTwoUlp) {
  std::vector<float> x;
  for (double v = -86.9; v < 0.5; v += 0.0137) x.push_back(static_cast<float>(v));
  x.push_back(-INFINITY);
  x.push_back(-200);
  std::vector<float> e(x.size());
  std::vector<float> sums(x.size() / 16 + 1);
  GetParam()->exp_blocks(x.data(), 1.0f, 0.0f, e.data(), sums.data(), static_cast<int64_t>(x.size()));
  for (size_t i = 0; i + 2 < x.size(); ++i) EXPECT_NEAR(e[i] / std::exp(double{x[i]}), 1.0, 2.4e-7) << x[i];
  EXPECT_EQ(e[x.size() - 2], 0.0f);
  EXPECT_EQ(e[x.size() - 1], 0.0f);
}

TEST_P(EveryInstructionSet, MaximumSeesInfinitiesAndNaN) {
  auto x = Normals(21, 53);
  for (float& value : x) value -= 100;  // all below 0
  EXPECT_EQ(GetParam()->maximum(x.data(), 53), *std::max_element(x.begin(), x.end()));
  for (const size_t at : {size_t{0}, size_t{20}, size_t{52}}) {
    const float kept = x[at];
    x[at] = -1.5f;
    EXPECT_EQ(GetParam()->maximum(x.data(), 53), -1.5f) << at;
    x[at] = INFINITY;
    EXPECT_EQ(GetParam()->maximum(x.data(), 53), INFINITY) << at;
    x[at] = NAN;
    EXPECT_TRUE(std::isnan(GetParam()->maximum(x.data(), 53))) << at;
    x[at] = -INFINITY;
    EXPECT_LT(GetParam()->maximum(x.data(), 53), 0) << at;
    x[at] = kept;
  }
}

TEST_P(EveryInstructionSet, AttentionAgreesWithDoubleArithmetic) {
  constexpr int64_t kSize = 10;
  const auto q = Normals(13, kSize);
  const auto keys = Normals(14, 48 * kSize);
  const auto values = Normals(15, 48 * kSize);
  std::vector<float> blocks(48 * kSize);
  for (int64_t p = 0; p < 48; ++p)
    for (int64_t c = 0; c < kSize; ++c) blocks[p / 16 * 16 * kSize + c * 16 + p % 16] = keys[p * kSize + c];
  std::vector<float> scores(128);
  std::vector<float> out(kSize);
  for (const int64_t begin : {0, 1, 16, 21, 36}) {
    GetParam()->attend(q.data(), {blocks.data(), values.data(), 37}, {}, begin, kSize, 0.5f, scores.data(), out.data());
    std::vector<double> weights(37);
    double total = 0;
    for (int64_t p = begin; p < 37; ++p) {
      double dot = 0;
      for (int64_t c = 0; c < kSize; ++c) dot += double{q[c]} * double{keys[p * kSize + c]};
      total += weights[p] = std::exp(0.5 * dot);
    }
    for (int64_t c = 0; c < kSize; ++c) {
      double expected = 0;
      for (int64_t p = begin; p < 37; ++p) expected += weights[p] / total * values[p * kSize + c];
      EXPECT_NEAR(out[c], expected, 2e-6) << "from " << begin;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isa, EveryInstructionSet, ::testing::ValuesIn(AvailableKernels()),
                         [](const auto& p) { return std::string(p.param->name); });

}  // namespace
}  // namespace temper
