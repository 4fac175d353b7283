// The residual stream as it is looked at and changed, by the own kernels and by ATen's operations on the test's device.
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/tensor.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "cluster/base/error.h"
#include "policy/formats/hf_checkpoint.h"
#include "policy/model/causal_sequences.h"
#include "policy/model/residual_edit.h"
#include "policy/model/sequence_logits.h"
#include "tests/support/golden_checkpoints.h"
#include "tests/support/test_device.h"

namespace temper {
namespace {

const std::vector<std::vector<int32_t>> kSequences = {{3, 9, 27, 14}, {5, 6, 7}};

PackedSequences Packed(const TransformerConfig& config) {
  const std::vector<std::span<const int32_t>> spans(kSequences.begin(), kSequences.end());
  return {config, spans};
}

// Of the third token of all and of the last one.
std::vector<at::Tensor> StreamOf(const Transformer& model) {
  const c10::InferenceMode inference;
  const PackedSequences packed = Packed(model.config());
  const auto attention = MakeCausalAttention(model, packed.lengths);
  const at::Device device = model.device();
  std::vector<at::Tensor> layers = model.StreamOfRows(packed.tokens_T.to(device), packed.positions_T.to(device), *attention,
                                                      at::tensor(std::vector<int64_t>{2, 6}).to(device));
  for (at::Tensor& layer : layers) layer = layer.cpu();
  return layers;
}

double LargestMagnitude(const at::Tensor& x) { return x.abs().max().item<double>(); }

// Doubles the stream behind the attention of the first layer, and adds 1 behind the second layer.
class SomeEdit final : public ResidualEdit {
 public:
  void Apply(StreamPlace place, int64_t layer, at::Tensor& x) const override {
    if (place == StreamPlace::kBehindAttention && layer == 1) x.mul_(2);
    if (place == StreamPlace::kBehindLayer && layer == 2) x.add_(1);
  }
};

class ResidualStream : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { at::set_num_threads(1); }
  Transformer Model() const { return LoadHfModel(GoldenCheckpointsFolder() + "/" + GetParam()); }
};

TEST_P(ResidualStream, IsWhatHiddenStatesOfLayersAre) {
  const Transformer model = Model();
  const std::vector<at::Tensor> stream = StreamOf(model);
  ASSERT_EQ(static_cast<int64_t>(stream.size()), model.config().num_layers + 1);
  const c10::InferenceMode inference;
  const PackedSequences packed = Packed(model.config());
  for (int64_t layer = 0; layer < model.config().num_layers; ++layer) {  // the last one differs: it is before the final norm here
    CausalSequences attention(model, packed.lengths);
    const at::Tensor all = model.HiddenOfLayers(packed.tokens_T, packed.positions_T, attention, std::vector<int64_t>{layer}).at(0);
    EXPECT_EQ(LargestMagnitude(stream[static_cast<size_t>(layer)][0] - all[2]), 0) << layer;
    EXPECT_EQ(LargestMagnitude(stream[static_cast<size_t>(layer)][1] - all[6]), 0) << layer;
  }
}

TEST_P(ResidualStream, IsTheSameByAtensOperationsWithAndWithoutAnEdit) {
  Transformer native = Model(), portable = Model();
  UseTestDevice(&portable);
  for (const bool edited : {false, true}) {
    if (edited)
      for (Transformer* model : {&native, &portable}) model->SetResidualEdit(std::make_shared<SomeEdit>());
    const std::vector<at::Tensor> expected = StreamOf(native), got = StreamOf(portable);
    ASSERT_EQ(expected.size(), got.size());
    for (size_t layer = 0; layer < got.size(); ++layer)  // both add fp32 numbers, in other orders
      EXPECT_LT(LargestMagnitude(got[layer] - expected[layer]), 1e-4 * Slack() * std::max(1.0, LargestMagnitude(expected[layer]))) << layer;
    const at::Tensor logits = SequenceLogits(native, kSequences[0]);
    EXPECT_LT(LargestMagnitude(SequenceLogits(portable, kSequences[0]) - logits), 1e-4 * Slack() * std::max(1.0, LargestMagnitude(logits)));
  }
}

INSTANTIATE_TEST_SUITE_P(Families, ResidualStream, ::testing::Values("llama", "qwen3_window"),
                         [](const auto& p) { return std::string(p.param); });

TEST(ResidualEdit, ChangesWhatComesBehindItAloneAndCanBeTakenBack) {
  at::set_num_threads(1);
  Transformer model = LoadHfModel(GoldenCheckpointsFolder() + "/llama");
  const std::vector<at::Tensor> before = StreamOf(model);
  const at::Tensor logits = SequenceLogits(model, kSequences[0]);
  model.SetResidualEdit(std::make_shared<SomeEdit>());
  const std::vector<at::Tensor> after = StreamOf(model);
  EXPECT_EQ(LargestMagnitude(after[0] - before[0]), 0);
  EXPECT_GT(LargestMagnitude(after[1] - before[1]), 0);
  EXPECT_GT(LargestMagnitude(SequenceLogits(model, kSequences[0]) - logits), 0);
  model.SetResidualEdit(nullptr);
  EXPECT_EQ(LargestMagnitude(SequenceLogits(model, kSequences[0]) - logits), 0);
}

TEST(ResidualEdit, IsRefusedWhereTheForwardIsThatOfTraining) {
  at::set_num_threads(1);
  Transformer model = LoadHfModel(GoldenCheckpointsFolder() + "/llama");
  model.SetResidualEdit(std::make_shared<SomeEdit>());
  model.SetScoresAsTrained(true);
  EXPECT_THROW(SequenceLogits(model, kSequences[0]), Error);
}

}  // namespace
}  // namespace temper
