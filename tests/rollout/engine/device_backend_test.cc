// The generation engine over ATen's operations, which GPUs run, against the one over the own CPU kernels.
#include <map>

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"
#include "rollout/engine/device_sampler.h"
#include "rollout/engine/generation_engine.h"
#include "tests/support/test_device.h"

namespace temper {
namespace {

TransformerConfig SmallConfig() {
  TransformerConfig config;
  config.vocab_size = 61;
  config.hidden_size = 40;
  config.intermediate_size = 52;
  config.num_layers = 2;
  config.num_heads = 4;
  config.num_kv_heads = 2;
  config.head_dim = 10;
  config.max_positions = 256;
  return config;
}

Transformer SmallModel(const TransformerConfig& config, bool portable) {
  at::set_num_threads(1);
  Transformer model(config);
  model.Initialize(5);
  float* weights = model.flat().mutable_data_ptr<float>();
  for (int64_t i = 0; i < model.num_parameters(); ++i) weights[i] *= 6.0f;  // sharper distributions than a fresh model's
  model.WeightsChanged();
  if (portable) UseTestDevice(&model);
  return model;
}

GenerationRequest Request(uint64_t id, const SamplingOptions& sampling) {
  GenerationRequest request;
  request.group_id = id;
  request.seed = 11;
  request.step = 3;
  request.prompt_key = 1000 + id;
  for (uint64_t i = 0; i < 3 + (id * 5) % 40; ++i) request.prompt_tokens.push_back(static_cast<int32_t>((id * 13 + i * 7) % 61));
  request.num_samples = 5;
  request.sampling = sampling;
  return request;
}

std::map<uint64_t, TrajectoryGroup> Generate(const Transformer& model, const SamplingOptions& sampling, bool graphs) {
  // Fewer slots than completions, and prompts cut into chunks.
  GenerationEngine engine(&model, {.slots = 7, .max_tokens = 128, .prefill_tokens = 16, .graphs = graphs});
  for (uint64_t id = 0; id < 6; ++id) engine.Submit(Request(id, sampling));
  std::map<uint64_t, TrajectoryGroup> groups;
  while (!engine.idle())
    for (TrajectoryGroup& group : engine.Step()) groups.emplace(group.group_id, std::move(group));
  return groups;
}

void ExpectSameTokens(const TransformerConfig& config, const SamplingOptions& sampling, bool graphs = true) {
  const auto native = Generate(SmallModel(config, false), sampling, graphs),
             portable = Generate(SmallModel(config, true), sampling, graphs);
  ASSERT_EQ(native.size(), portable.size());
  for (const auto& [id, group] : native) {
    for (size_t i = 0; i < group.trajectories.size(); ++i) {
      const Trajectory &a = group.trajectories[i], &b = portable.at(id).trajectories[i];
      ASSERT_EQ(a.tokens, b.tokens) << "group " << id << " sample " << i;
      EXPECT_EQ(a.finished, b.finished);
      for (size_t t = 0; t < a.tokens.size(); ++t) {
        EXPECT_NEAR(a.logprobs[t], b.logprobs[t], 2e-4);
        EXPECT_NEAR(a.policy_logprobs[t], b.policy_logprobs[t], 2e-4);
      }
    }
  }
}

TEST(DeviceBackend, DrawsTheTokensOfTheNativeEngine) {
  SamplingOptions sampling{.max_new_tokens = 24, .stop_ids = {2, 7, 9}};
  ExpectSameTokens(SmallConfig(), sampling);
  ExpectSameTokens(SmallConfig(), sampling, /*graphs=*/false);
  sampling.temperature = 0;
  ExpectSameTokens(SmallConfig(), sampling);
}

TEST(DeviceBackend, DrawsUnderEveryOptionAndWithSlidingWindows) {
  TransformerConfig config = SmallConfig();
  config.layer_windows = {5, 0};
  ExpectSameTokens(config,
                   {.temperature = 0.8, .top_k = 20, .top_p = 0.9, .max_new_tokens = 24, .min_new_tokens = 9, .stop_ids = {2, 7, 9}});
}

TEST(DeviceBackend, TakesNewWeightsBetweenSteps) {
  const Transformer other = SmallModel(SmallConfig(), false);
  std::vector<std::vector<int32_t>> tokens;
  for (const bool portable : {false, true}) {
    Transformer model = SmallModel(SmallConfig(), portable);
    GenerationEngine engine(&model, {.slots = 2, .max_tokens = 128});
    engine.Submit(Request(1, {.temperature = 0, .max_new_tokens = 20}));
    for (int i = 0; i < 4; ++i) engine.Step();
    {
      const at::NoGradGuard no_grad;
      model.flat().mul_(-0.7);
    }
    model.WeightsChanged();
    engine.SetVersion(2);
    std::vector<TrajectoryGroup> done;
    while (done.empty()) done = engine.Step();
    tokens.push_back(done[0].trajectories[0].tokens);
    EXPECT_EQ(done[0].trajectories[0].versions.back(), 2);
  }
  EXPECT_EQ(tokens[0], tokens[1]);
}

TEST(DeviceBackend, GivesPlacesBackOnCancel) {
  const Transformer model = SmallModel(SmallConfig(), true);
  GenerationEngine engine(&model, {.slots = 2, .max_tokens = 64});
  for (uint64_t round = 0; round < 20; ++round) {  // more prompts than there are places
    engine.Submit(Request(round, {.max_new_tokens = 20}));
    engine.Step();
    engine.Cancel(round);
  }
  EXPECT_TRUE(engine.idle());
}

class DrawOnDeviceTest : public ::testing::Test {
 protected:
  static constexpr int64_t kVocabulary = 1003;

  at::Tensor Logits(int64_t rows, uint64_t seed) {
    at::set_num_threads(1);
    KeyedStream stream(seed, "logits");
    at::Tensor logits = at::empty({rows, kVocabulary}, at::kFloat);
    float* data = logits.mutable_data_ptr<float>();
    // Rounded, so that equal logits occur.
    for (int64_t i = 0; i < logits.numel(); ++i) data[i] = static_cast<float>(std::round(stream.Normal() * 12) / 4);
    return logits;
  }

  void ExpectEqualsSampler(const std::vector<SamplingOptions>& kinds) {
    KeyedStream stream(4, "uniforms");
    const at::Tensor logits = Logits(static_cast<int64_t>(kinds.size()), 2);
    Sampler sampler;
    for (int round = 0; round < 40; ++round) {
      std::vector<DecodeRow> rows;
      for (const SamplingOptions& kind : kinds) {
        const double uniform = round == 0 ? 0 : round == 1 ? 1 - 0x1p-53 : stream.Uniform();
        rows.push_back({.sampling = &kind, .num_drawn = round % 5, .uniform = uniform});
      }
      const std::vector<SampledToken> drawn = DrawOnDevice(logits.to(TestDevice()), rows);
      for (size_t i = 0; i < kinds.size(); ++i) {
        const float* row = logits.const_data_ptr<float>() + static_cast<int64_t>(i) * kVocabulary;
        const SampledToken expected = sampler.Draw({row, kVocabulary}, kinds[i], rows[i].num_drawn, rows[i].uniform);
        EXPECT_EQ(drawn[i].token, expected.token) << "kind " << i << " round " << round;
        EXPECT_NEAR(drawn[i].logprob, expected.logprob, 1e-5) << "kind " << i;
        EXPECT_NEAR(drawn[i].policy_logprob, expected.policy_logprob, 1e-5) << "kind " << i;
      }
    }
  }
};

TEST_F(DrawOnDeviceTest, EqualsTheSampler) {
  ExpectEqualsSampler({
      {},
      {.temperature = 0},
      {.temperature = 0.3},
      {.temperature = 1.7, .top_k = 1},
      {.top_k = 50},
      {.top_p = 0.6},
      {.temperature = 0.7, .top_k = 300, .top_p = 0.95},
      {.top_k = 5000, .top_p = 1e-9},
      {.min_new_tokens = 3, .stop_ids = {0, 17, kVocabulary - 1}},
      {.gate = {.tokens = {{.id = 3}, {.id = 40, .bias = 0.5}, {.id = kVocabulary - 1, .threshold = 0.2}}}},
      {.temperature = 0.6, .gate = {.tokens = {{.id = 7}, {.id = 8}}, .in_turn = true}},
      {.temperature = 0, .min_new_tokens = 3, .stop_ids = {0, 17}},
  });
}

// What a GPU has a kernel of its own for.
TEST_F(DrawOnDeviceTest, EqualsTheSamplerWithTemperaturesAlone) { ExpectEqualsSampler({{}, {.temperature = 0}, {.temperature = 0.3}}); }

TEST_F(DrawOnDeviceTest, RefusesWhatIsNotANumber) {
  at::Tensor logits = Logits(2, 3);
  logits.mutable_data_ptr<float>()[kVocabulary + 5] = NAN;
  const SamplingOptions options;
  const std::vector<DecodeRow> rows(2, {.sampling = &options, .uniform = 0.5});
  EXPECT_THROW(DrawOnDevice(logits.to(TestDevice()), rows), Error);
}

}  // namespace
}  // namespace temper
