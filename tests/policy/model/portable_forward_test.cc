#include "policy/model/portable_forward.h"

#include <filesystem>

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "policy/formats/hf_checkpoint.h"
#include "policy/model/sequence_logits.h"
#include "tests/support/golden_checkpoints.h"
#include "tests/support/test_device.h"

namespace temper {
namespace {

std::vector<int32_t> SomeTokens(const TransformerConfig& config, int64_t length) {
  std::vector<int32_t> tokens;
  for (int64_t i = 0; i < length; ++i) tokens.push_back(static_cast<int32_t>((i * 37 + 11) % config.vocab_size));
  return tokens;
}

double Largest(const at::Tensor& x) { return x.abs().max().item<double>(); }

// Every family, with sliding windows, head norms, biases and scaled rotary angles.
class EveryCheckpoint : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { at::set_num_threads(1); }
  Transformer Model() const { return LoadHfModel(GoldenCheckpointsFolder() + "/" + GetParam()); }
};

TEST_P(EveryCheckpoint, HasTheLogitsOfTheNativeForward) {
  const Transformer native = Model();
  Transformer portable = Model();
  UseTestDevice(&portable);
  const auto tokens = SomeTokens(native.config(), std::min<int64_t>(40, native.config().max_positions));
  const at::Tensor expected = SequenceLogits(native, tokens);
  // Both add fp32 numbers, in other orders.
  EXPECT_LT(Largest(SequenceLogits(portable, tokens) - expected), 1e-4 * Slack() * std::max(1.0, Largest(expected)));
}

TEST_P(EveryCheckpoint, RoundsToBf16AsTheNativeForwardDoes) {
  Transformer exact = Model(), native = Model(), portable = Model();
  UseTestDevice(&portable);
  for (Transformer* model : {&native, &portable}) model->SetInferenceType(at::kBFloat16);
  const auto tokens = SomeTokens(exact.config(), std::min<int64_t>(40, exact.config().max_positions));
  const at::Tensor expected = SequenceLogits(exact, tokens);
  const double off = Largest(SequenceLogits(native, tokens) - expected);
  // The portable forward rounds more (activations between products), so it may be off by a few times as much, not by another order.
  EXPECT_LT(Largest(SequenceLogits(portable, tokens) - expected), 6 * off + 1e-3);
  EXPECT_GT(Largest(SequenceLogits(portable, tokens) - expected), 0);
}

INSTANTIATE_TEST_SUITE_P(Golden, EveryCheckpoint, ::testing::ValuesIn(GoldenCheckpoints()), [](const auto& param) { return param.param; });

TEST(PortableForward, SeesNewWeightsInBf16) {
  at::set_num_threads(1);
  Transformer model = LoadHfModel(GoldenCheckpointsFolder() + "/" + GoldenCheckpoints().front());
  UseTestDevice(&model);
  model.SetInferenceType(at::kBFloat16);
  const auto tokens = SomeTokens(model.config(), 8);
  const at::Tensor before = SequenceLogits(model, tokens);
  const c10::NoGradGuard no_grad;
  model.flat().mul_(2);
  model.WeightsChanged();
  EXPECT_GT(Largest(SequenceLogits(model, tokens) - before), 1e-3);
  model.flat().mul_(0.5);  // exact, and noticed by the tensor's own version
  EXPECT_EQ(Largest(SequenceLogits(model, tokens) - before), 0);
}

}  // namespace
}  // namespace temper
