// Own CUDA kernels and LibTorch's attention kernels on a GPU against plain ATen operations in fp32 or double.
#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/rms_norm.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "policy/kernels/device_graph.h"
#include "policy/kernels/device_kernels.h"
#include "policy/model/variable_attention.h"
#include "tests/support/test_device.h"

namespace temper {
namespace {

at::Tensor Normal(at::IntArrayRef sizes, at::ScalarType type = at::kFloat) { return at::randn(sizes).to(TestDevice()).to(type); }

double Off(const at::Tensor& a, const at::Tensor& b) {
  return ((a.to(at::kDouble) - b.to(at::kDouble)).norm() / b.to(at::kDouble).norm()).item<double>();
}

// Relative distance that rounding results to the type makes.
double Rounding(at::ScalarType type) { return type == at::kFloat ? 2e-6 : 6e-3; }

class EveryType : public ::testing::TestWithParam<at::ScalarType> {};
INSTANTIATE_TEST_SUITE_P(Types, EveryType, ::testing::Values(at::kFloat, at::kBFloat16),
                         [](const auto& type) { return type.param == at::kFloat ? "fp32" : "bf16"; });

TEST_P(EveryType, NormsAndGates) {
  const at::Tensor x = Normal({37, 896}), weight = Normal({896});
  EXPECT_LT(Off(DeviceRmsNorm(x, weight, 1e-6, GetParam()), at::rms_norm(x, {896}, weight, 1e-6)), Rounding(GetParam()));
  const at::Tensor gate_up = Normal({37, 2 * 1000}, GetParam()), wide = gate_up.to(at::kFloat);
  EXPECT_LT(Off(DeviceSwiGlu(gate_up), at::silu(wide.narrow(1, 0, 1000)) * wide.narrow(1, 1000, 1000)), Rounding(GetParam()));
}

TEST_P(EveryType, SplitsNormsAndTurnsHeads) {
  const at::Tensor qkv = Normal({5, 18 * 64}, GetParam()), angles = Normal({5, 32}), norm = Normal({64});
  const auto [q, k, v] = DeviceSplitHeads(qkv, angles.cos(), angles.sin(), norm, at::Tensor(), 1e-6, 14, 2, 64);
  const at::Tensor heads = qkv.view({5, 18, 64}).to(at::kFloat), cos = angles.cos().unsqueeze(1), sin = angles.sin().unsqueeze(1);
  const auto turned = [&](const at::Tensor& x) {
    const at::Tensor a = x.narrow(2, 0, 32), b = x.narrow(2, 32, 32);
    return at::cat({a * cos - b * sin, b * cos + a * sin}, 2);
  };
  EXPECT_LT(Off(q, turned(at::rms_norm(heads.narrow(1, 0, 14), {64}, norm, 1e-6))), Rounding(GetParam()));
  EXPECT_LT(Off(k, turned(heads.narrow(1, 14, 2))), Rounding(GetParam()));
  EXPECT_EQ(Off(v, heads.narrow(1, 16, 2)), 0);
}

at::Tensor Column(std::initializer_list<int64_t> values) { return at::tensor(std::vector<int64_t>(values)).to(TestDevice()); }

TEST_P(EveryType, DecodesOverTheCache) {
  constexpr int64_t kLength = 600;
  for (const int64_t window : {0, 100}) {
    const at::Tensor q = Normal({3, 14, 64}, GetParam()), k = Normal({3, 2, 64}, GetParam()), v = Normal({3, 2, 64}, GetParam());
    const at::Tensor keys = Normal({6 * kLength, 2, 64}, GetParam()), values = Normal({6 * kLength, 2, 64}, GetParam());
    const DeviceDecodeRows rows{Column({0, 1, 0}), Column({500, 3, 0}), Column({3, 4, 5}), Column({400, 9, 1})};
    const at::Tensor out = DeviceDecodeAttention(q, k, v, keys, values, rows, kLength, window);
    SequenceSpans spans;
    std::vector<at::Tensor> all_keys, all_values;
    using RowAndLength = std::pair<int64_t, int64_t>;
    const RowAndLength prompt[] = {{0, 500}, {1, 3}, {0, 0}}, own[] = {{3, 400}, {4, 9}, {5, 1}};
    for (int64_t i = 0; i < 3; ++i) {
      const int64_t written = own[i].first * kLength + own[i].second - 1;
      EXPECT_TRUE(keys.select(0, written).equal(k.select(0, i)));
      EXPECT_TRUE(values.select(0, written).equal(v.select(0, i)));
      for (const auto& [row, length] : {prompt[i], own[i]}) {
        all_keys.push_back(keys.narrow(0, row * kLength, length));
        all_values.push_back(values.narrow(0, row * kLength, length));
      }
      spans.Add(1, prompt[i].second + own[i].second);
    }
    const auto wide = [](const std::vector<at::Tensor>& parts) { return at::cat(parts, 0).cpu().to(at::kFloat); };
    const at::Tensor expected = AttendSequences(q.cpu().to(at::kFloat), wide(all_keys), wide(all_values), spans, window);
    EXPECT_LT(Off(out.cpu(), expected), Rounding(GetParam())) << "window " << window;
  }
}

// FlashAttention for bf16, the memory-efficient kernel for fp32; dimensions that neither takes go sequence by sequence.
TEST_P(EveryType, AttendsToSequencesForwardAndBackward) {
  for (const int64_t window : {0, 5, 40}) {
    for (const int64_t dim : {64, 128, 10}) {
      SequenceSpans spans;
      for (const auto& [queries, keys] : {std::pair{70, 70}, {1, 90}, {33, 100}, {5, 5}}) spans.Add(queries, keys);
      const std::vector<at::Tensor> inputs = {Normal({109, 6, dim}, GetParam()), Normal({265, 2, dim}, GetParam()),
                                              Normal({265, 2, dim}, GetParam())};
      const at::Tensor grad = Normal({109, 6, dim}, GetParam());
      std::vector<at::Tensor> results[2];
      for (const bool on_cpu : {false, true}) {
        std::vector<at::Tensor> leaves;
        for (const at::Tensor& x : inputs) leaves.push_back((on_cpu ? x.cpu().to(at::kFloat) : x.clone()).set_requires_grad(true));
        spans.MoveTo(on_cpu ? at::Device(at::kCPU) : TestDevice());
        const at::Tensor out = AttendSequences(leaves[0], leaves[1], leaves[2], spans, window);
        torch::autograd::backward({out}, {on_cpu ? grad.cpu().to(at::kFloat) : grad});
        results[on_cpu] = {out.detach().cpu(), leaves[0].grad().cpu(), leaves[1].grad().cpu(), leaves[2].grad().cpu()};
      }
      // Gradients are sums of rounded products: a few times the rounding.
      for (size_t i = 0; i < 4; ++i)
        EXPECT_LT(Off(results[0][i], results[1][i]), 4 * Rounding(GetParam())) << "window " << window << " dim " << dim << " result " << i;
    }
  }
}

TEST(DeviceGraph, RepeatsWhatWasRecordedOnNewNumbers) {
  at::Tensor in = Normal({64}), out;
  DeviceGraph graph;
  graph.Record(TestDevice(), [&] { out = DeviceRmsNorm(in, in, 1e-6, at::kFloat); });
  const at::NoGradGuard no_grad;
  for (int i = 0; i < 3; ++i) {
    in.copy_(Normal({64}));
    graph.Replay();
    EXPECT_LT(Off(out, at::rms_norm(in, {64}, in, 1e-6)), 2e-6);
  }
}

}  // namespace
}  // namespace temper
