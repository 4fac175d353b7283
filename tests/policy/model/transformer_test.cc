#include "policy/model/transformer.h"

#include <array>
#include <cmath>
#include <cstring>

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/add.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "cluster/base/keyed_random.h"
#include "policy/model/sequence_logits.h"

namespace temper {
namespace {

// Causal attention of one sequence in plain tensor operations, which autograd differentiates itself.
class PlainAttention : public Attention {
 public:
  at::Tensor Attend(int64_t, const at::Tensor& q_THC, const at::Tensor& k_TKC, const at::Tensor& v_TKC) override {
    const int64_t tokens = q_THC.size(0);
    const int64_t shared = q_THC.size(1) / k_TKC.size(1);
    const at::Tensor q = q_THC.transpose(0, 1);
    const at::Tensor k = k_TKC.repeat_interleave(shared, 1).transpose(0, 1);
    const at::Tensor v = v_TKC.repeat_interleave(shared, 1).transpose(0, 1);
    at::Tensor mask = at::zeros({tokens, tokens}, at::kFloat);
    for (int64_t i = 0; i < tokens; ++i)
      for (int64_t j = i + 1; j < tokens; ++j) mask.mutable_data_ptr<float>()[i * tokens + j] = -INFINITY;
    const double scale = 1.0 / std::sqrt(static_cast<double>(q_THC.size(2)));
    const at::Tensor scores = at::add(at::mul(at::matmul(q, k.transpose(1, 2)), scale), mask);
    return at::matmul(at::softmax(scores, -1), v).transpose(0, 1).contiguous();
  }
};

TransformerConfig TinyConfig(const std::string& type, bool tied) {
  TransformerConfig config;
  config.model_type = type;
  config.vocab_size = 13;
  config.hidden_size = 12;
  config.intermediate_size = 18;
  config.num_layers = 2;
  config.num_heads = 4;
  config.num_kv_heads = 2;
  config.head_dim = 6;
  config.max_positions = 32;
  config.qkv_bias = type == "qwen2";
  config.qk_norm = type == "qwen3";
  config.tie_embeddings = tied;
  return config;
}

Transformer RandomModel(const TransformerConfig& config) {
  at::set_num_threads(1);
  Transformer model(config);
  KeyedStream stream(1, "transformer_test");
  float* weights = model.flat().mutable_data_ptr<float>();
  for (int64_t i = 0; i < model.num_parameters(); ++i) weights[i] = static_cast<float>(0.4 * stream.Normal());
  model.WeightsChanged();
  return model;
}

const std::vector<int32_t> kTokens = {3, 1, 12, 5, 5, 0, 7};

// With a graph, if gradients are enabled. rows_N: the hidden states asked for, all when not defined.
at::Tensor LogitsWithGraph(const Transformer& model, const at::Tensor& rows_N = {}) {
  const int64_t count = static_cast<int64_t>(kTokens.size());
  at::Tensor tokens = at::empty({count}, at::kLong);
  at::Tensor positions = at::empty({count}, at::kLong);
  for (int64_t t = 0; t < count; ++t) {
    tokens.mutable_data_ptr<int64_t>()[t] = kTokens[t];
    positions.mutable_data_ptr<int64_t>()[t] = t;
  }
  static PlainAttention attention;  // a recomputing backward needs it
  return model.Logits(model.Hidden(tokens, positions, attention, rows_N));
}

at::Tensor Weights(const at::Tensor& like) {
  at::Tensor weights = at::empty(like.sizes(), at::kFloat);
  KeyedStream stream(2, "loss");
  for (int64_t i = 0; i < weights.numel(); ++i) weights.mutable_data_ptr<float>()[i] = static_cast<float>(stream.Normal());
  return weights;
}

class EveryFamily : public ::testing::TestWithParam<std::pair<const char*, bool>> {
 protected:
  TransformerConfig Config() const { return TinyConfig(GetParam().first, GetParam().second); }
};

TEST_P(EveryFamily, GradientAgreesWithFiniteDifferences) {
  Transformer model = RandomModel(Config());
  const at::Tensor grad = model.EnableGradients();
  const at::Tensor logits = LogitsWithGraph(model);
  const at::Tensor loss_weights = Weights(logits);
  at::sum(at::mul(logits, loss_weights)).backward();
  const auto loss = [&] {
    const c10::NoGradGuard no_grad;
    const at::Tensor out = SequenceLogits(model, kTokens);
    double sum = 0;
    for (int64_t i = 0; i < out.numel(); ++i)
      sum += double{out.const_data_ptr<float>()[i]} * double{loss_weights.const_data_ptr<float>()[i]};
    return sum;
  };
  constexpr float kStep = 3e-3f;
  float* weights = model.flat().mutable_data_ptr<float>();
  // Every 5th parameter: the smallest tensor has 6, so each is touched.
  for (int64_t i = 0; i < model.num_parameters(); i += 5) {
    const float kept = weights[i];
    weights[i] = kept + kStep;
    model.WeightsChanged();
    const double above = loss();
    weights[i] = kept - kStep;
    model.WeightsChanged();
    const double below = loss();
    weights[i] = kept;
    const double slope = (above - below) / (2.0 * kStep);
    EXPECT_NEAR(grad.const_data_ptr<float>()[i], slope, 5e-3 * (1 + std::abs(slope))) << "parameter " << i;
  }
}

TEST_P(EveryFamily, ForwardWithAndWithoutGraphAgree) {
  Transformer model = RandomModel(Config());
  const at::Tensor plain = SequenceLogits(model, kTokens);
  model.EnableGradients();
  const at::Tensor graph = LogitsWithGraph(model);
  for (int64_t i = 0; i < plain.numel(); ++i) EXPECT_NEAR(graph.const_data_ptr<float>()[i], plain.const_data_ptr<float>()[i], 2e-5);
}

TEST_P(EveryFamily, RowsAskedForAreThoseOfAFullForward) {
  Transformer model = RandomModel(Config());
  at::Tensor rows = at::empty({3}, at::kLong);
  for (const int64_t i : {0, 1, 2}) rows.mutable_data_ptr<int64_t>()[i] = std::array<int64_t, 3>{1, 4, 6}[static_cast<size_t>(i)];
  const auto expect_near = [](const at::Tensor& a, const at::Tensor& b, float tolerance) {
    ASSERT_EQ(a.sizes(), b.sizes());
    for (int64_t i = 0; i < a.numel(); ++i) EXPECT_NEAR(a.const_data_ptr<float>()[i], b.const_data_ptr<float>()[i], tolerance) << i;
  };
  expect_near(LogitsWithGraph(model, rows), at::index_select(LogitsWithGraph(model), 0, rows), 0);
  for (const bool recompute : {false, true}) {
    model.SetRecompute(recompute);
    const at::Tensor grad = model.EnableGradients();
    const auto gradient_of = [&grad](const at::Tensor& logits) {
      grad.zero_();
      at::sum(at::mul(logits, Weights(logits))).backward();
      return grad.clone();
    };
    const at::Tensor picked = LogitsWithGraph(model, rows);
    const at::Tensor full = at::index_select(LogitsWithGraph(model), 0, rows);
    expect_near(picked, full, 2e-5f);
    expect_near(gradient_of(picked), gradient_of(full), 1e-4f);
  }
}

TEST_P(EveryFamily, GradientsAreViewsOfOneBuffer) {
  Transformer model = RandomModel(Config());
  const at::Tensor grad = model.EnableGradients();
  const auto* begin = static_cast<const float*>(grad.const_data_ptr());
  at::sum(LogitsWithGraph(model)).backward();
  int64_t offset = 0;
  for (const auto& [name, parameter] : model.parameters()) {
    EXPECT_TRUE(parameter.is_leaf() && parameter.requires_grad()) << name;
    EXPECT_EQ(static_cast<const float*>(parameter.grad().const_data_ptr()), begin + offset) << name;
    EXPECT_EQ(static_cast<const float*>(parameter.const_data_ptr()), static_cast<const float*>(model.flat().const_data_ptr()) + offset);
    offset += parameter.numel();
  }
  EXPECT_EQ(offset, model.num_parameters());
  const std::vector<float> once(begin, begin + offset);
  at::sum(LogitsWithGraph(model)).backward();  // accumulates in place
  for (int64_t i = 0; i < offset; ++i) EXPECT_FLOAT_EQ(begin[i], 2 * once[i]);
}

INSTANTIATE_TEST_SUITE_P(Families, EveryFamily,
                         ::testing::Values(std::pair{"llama", true}, std::pair{"llama", false}, std::pair{"qwen2", false},
                                           std::pair{"qwen3", true}),
                         [](const auto& p) { return std::string(p.param.first) + (p.param.second ? "_tied" : ""); });

TEST(Transformer, InitializeGivesTheSameNumbersForASeedAndTheirSpread) {
  Transformer a(TinyConfig("llama", true));
  Transformer b(TinyConfig("llama", true));
  a.Initialize(7);
  b.Initialize(7);
  EXPECT_EQ(std::memcmp(a.flat().const_data_ptr(), b.flat().const_data_ptr(), a.flat().nbytes()), 0);
  b.Initialize(8);
  EXPECT_NE(std::memcmp(a.flat().const_data_ptr(), b.flat().const_data_ptr(), a.flat().nbytes()), 0);
  for (const auto& [name, parameter] : a.parameters()) {
    double squares = 0;
    for (int64_t i = 0; i < parameter.numel(); ++i) squares += std::pow(parameter.const_data_ptr<float>()[i], 2);
    const double rms = std::sqrt(squares / static_cast<double>(parameter.numel()));
    const bool scaled = name.ends_with("o_proj.weight") || name.ends_with("down_proj.weight");
    if (name.ends_with("norm.weight"))
      EXPECT_EQ(rms, 1.0) << name;
    else
      EXPECT_NEAR(rms, scaled ? 0.01 : 0.02, 0.004) << name;  // 0.02 / sqrt(2 * 2 layers) = 0.01
  }
}

TEST(Transformer, CloneHasItsOwnParameters) {
  Transformer model = RandomModel(TinyConfig("llama", true));
  const Transformer copy = model.Clone();
  const at::Tensor before = SequenceLogits(copy, kTokens);
  model.flat().zero_();
  const at::Tensor after = SequenceLogits(copy, kTokens);
  EXPECT_EQ(std::memcmp(before.const_data_ptr(), after.const_data_ptr(), before.nbytes()), 0);
}

TEST(Transformer, NoticesWeightsWrittenThroughTheFlatBuffer) {
  Transformer model = RandomModel(TinyConfig("llama", true));
  SequenceLogits(model, kTokens);
  model.flat().zero_();  // without WeightsChanged: the buffer's version tells
  EXPECT_EQ(SequenceLogits(model, kTokens).const_data_ptr<float>()[0], 0.0f);
}

double LargestDifference(const at::Tensor& a, const at::Tensor& b) {
  double difference = 0;
  for (int64_t i = 0; i < a.numel(); ++i)
    difference = std::max(difference, std::abs(double{a.const_data_ptr<float>()[i]} - double{b.const_data_ptr<float>()[i]}));
  return difference;
}

// Logits of size 2, 8 bits of mantissa, a dozen roundings.
TEST(Transformer, Bf16ComputeStaysNearFp32) {
  Transformer model = RandomModel(TinyConfig("llama", true));
  model.EnableGradients();
  const at::Tensor exact = LogitsWithGraph(model);
  model.SetComputeType(at::kBFloat16);
  const double difference = LargestDifference(exact, LogitsWithGraph(model));
  EXPECT_GT(difference, 1e-4);  // it is rounded
  EXPECT_LT(difference, 0.1);
}

TEST(Transformer, Bf16InferenceStaysNearFp32) {
  Transformer model = RandomModel(TinyConfig("llama", true));
  const at::Tensor exact = SequenceLogits(model, kTokens);
  model.SetInferenceType(at::kBFloat16);
  const double difference = LargestDifference(exact, SequenceLogits(model, kTokens));
  EXPECT_GT(difference, 1e-4);  // it is rounded
  EXPECT_LT(difference, 0.1);
  model.SetInferenceType(at::kFloat);
  EXPECT_EQ(LargestDifference(exact, SequenceLogits(model, kTokens)), 0);
}

}  // namespace
}  // namespace temper
