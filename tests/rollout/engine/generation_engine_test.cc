#include "rollout/engine/generation_engine.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"
#include "policy/formats/hf_checkpoint.h"
#include "policy/formats/safetensors.h"
#include "policy/model/sequence_logits.h"
#include "rollout/engine/sampler.h"

namespace temper {
namespace {

using ::testing::ElementsAre;

// Grouped queries, a head dimension that is no multiple of 16 and an odd vocabulary, so that every tail is used.
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

Transformer SmallModel() {
  at::set_num_threads(1);
  Transformer model(SmallConfig());
  model.Initialize(5);
  float* weights = model.flat().mutable_data_ptr<float>();
  for (int64_t i = 0; i < model.num_parameters(); ++i) weights[i] *= 6.0f;  // sharper distributions than a fresh model's
  model.WeightsChanged();
  return model;
}

GenerationRequest Request(uint64_t id, int64_t samples) {
  GenerationRequest request;
  request.group_id = id;
  request.seed = 11;
  request.step = 3;
  request.prompt_key = 1000 + id;
  for (uint64_t i = 0; i < 3 + (id * 5) % 40; ++i) request.prompt_tokens.push_back(static_cast<int32_t>((id * 13 + i * 7) % 61));
  request.num_samples = samples;
  request.sampling.max_new_tokens = 24;
  request.sampling.stop_ids = {2, 7, 9};
  return request;
}

std::map<uint64_t, TrajectoryGroup> RunAll(GenerationEngine* engine) {
  std::map<uint64_t, TrajectoryGroup> groups;
  while (!engine->idle())
    for (TrajectoryGroup& group : engine->Step()) groups.emplace(group.group_id, std::move(group));
  return groups;
}

std::map<uint64_t, TrajectoryGroup> Generate(const Transformer& model, int64_t slots, const std::vector<uint64_t>& order,
                                             int64_t prefill_tokens = 2048) {
  GenerationEngine engine(&model, {.slots = slots, .max_tokens = 128, .prefill_tokens = prefill_tokens});
  for (const uint64_t id : order) engine.Submit(Request(id, 5));
  return RunAll(&engine);
}

void ExpectSameBits(const std::map<uint64_t, TrajectoryGroup>& a, const std::map<uint64_t, TrajectoryGroup>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [id, group] : a) {
    const TrajectoryGroup& other = b.at(id);
    ASSERT_EQ(group.trajectories.size(), other.trajectories.size());
    for (size_t i = 0; i < group.trajectories.size(); ++i) {
      EXPECT_EQ(group.trajectories[i].tokens, other.trajectories[i].tokens);
      EXPECT_EQ(group.trajectories[i].logprobs, other.trajectories[i].logprobs);  // exact: no tolerance
      EXPECT_EQ(group.trajectories[i].finished, other.trajectories[i].finished);
    }
  }
}

class EveryInferenceType : public ::testing::TestWithParam<at::ScalarType> {
 protected:
  Transformer Model() const {
    Transformer model = SmallModel();
    model.SetInferenceType(GetParam());
    return model;
  }
};
INSTANTIATE_TEST_SUITE_P(Types, EveryInferenceType, ::testing::Values(at::kFloat, at::kBFloat16),
                         [](const auto& p) { return std::string(p.param == at::kFloat ? "fp32" : "bf16"); });

TEST_P(EveryInferenceType, GivesTheSameBitsForAnyBatch) {
  const Transformer model = Model();
  const std::vector<uint64_t> order = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13};
  const auto alone = Generate(model, 1, order);
  ExpectSameBits(alone, Generate(model, 3, order));
  ExpectSameBits(alone, Generate(model, 64, order));
  ExpectSameBits(alone, Generate(model, 5, order, 4));  // prompts in pieces of 4 tokens
  std::vector<uint64_t> reversed(order.rbegin(), order.rend());
  ExpectSameBits(alone, Generate(model, 7, reversed));
}

TEST_P(EveryInferenceType, ThreadsDoNotChangeABit) {
  const Transformer model = Model();
  const std::vector<uint64_t> order = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13};
  const auto alone = Generate(model, 64, order);
  at::set_num_threads(3);
  ExpectSameBits(alone, Generate(model, 64, order));     // shares of 21 rows and fewer, to a last row on its own
  ExpectSameBits(alone, Generate(model, 64, order, 4));  // prompts in pieces of 4 tokens
  at::set_num_threads(1);
}

TEST_P(EveryInferenceType, RecordsTheLogProbabilityAFullForwardGives) {
  const Transformer model = Model();
  for (const auto& [id, group] : Generate(model, 8, {0, 3, 6})) {
    for (const Trajectory& trajectory : group.trajectories) {
      std::vector<int32_t> tokens = group.prompt_tokens;
      tokens.insert(tokens.end(), trajectory.tokens.begin(), trajectory.tokens.end());
      const at::Tensor logits = SequenceLogits(model, tokens);
      for (size_t t = 0; t < trajectory.tokens.size(); ++t) {
        const float* row = logits.const_data_ptr<float>() + static_cast<int64_t>(group.prompt_tokens.size() + t - 1) * logits.size(1);
        double total = 0;
        for (int64_t v = 0; v < logits.size(1); ++v) total += std::exp(double{row[v]} - double{row[trajectory.tokens[t]]});
        EXPECT_NEAR(trajectory.logprobs[t], -std::log(total), 2e-6);
      }
    }
  }
}

TEST(GenerationEngine, DrawsAsTheSamplerWouldFromFullForwards) {
  const Transformer model = SmallModel();
  const auto groups = Generate(model, 4, {2});
  const GenerationRequest request = Request(2, 5);
  Sampler sampler;
  std::vector<int32_t> tokens = request.prompt_tokens;
  for (uint32_t t = 0; t < groups.at(2).trajectories[3].tokens.size(); ++t) {
    const at::Tensor logits = SequenceLogits(model, tokens);
    const size_t vocab = static_cast<size_t>(logits.size(1));
    const float* row = logits.const_data_ptr<float>() + (logits.size(0) - 1) * logits.size(1);
    const auto drawn = sampler.Draw({row, vocab}, request.sampling, t, UniformAt({11, 3, 1002, 3}, t));
    EXPECT_EQ(groups.at(2).trajectories[3].tokens[t], drawn.token);
    tokens.push_back(drawn.token);
  }
}

// What a gate sweep rests on: an answer from each token, and with each the policy's own log-prob of it, from one pass over the prompt.
TEST(GenerationEngine, BeginsWithEachTokenOfAGateInTurnAndRecordsThePolicysOwnLogProbability) {
  const Transformer model = SmallModel();
  GenerationRequest request = Request(2, 6);
  request.sampling.gate = {.tokens = {{.id = 40}, {.id = 5}, {.id = 60}}, .in_turn = true};
  GenerationEngine engine(&model, {.slots = 4, .max_tokens = 128});
  engine.Submit(request);
  const auto groups = RunAll(&engine);
  const at::Tensor logits = SequenceLogits(model, request.prompt_tokens);
  const float* row = logits.const_data_ptr<float>() + (logits.size(0) - 1) * logits.size(1);
  for (size_t i = 0; i < 6; ++i) {
    const Trajectory& trajectory = groups.at(2).trajectories[i];
    EXPECT_EQ(trajectory.tokens.at(0), request.sampling.gate.tokens[i % 3].id);
    EXPECT_NEAR(trajectory.logprobs.at(0), 0, 1e-6);
    double total = 0;
    for (int64_t v = 0; v < logits.size(1); ++v) total += std::exp(double{row[v]} - double{row[trajectory.tokens[0]]});
    EXPECT_NEAR(trajectory.policy_logprobs.at(0), -std::log(total), 2e-6);
  }
}

TEST(GenerationEngine, ContinuesGreedilyAsTransformersDoes) {
  for (const char* name : {"llama", "llama_bf16_tied", "qwen2_sharded", "qwen3"}) {
    const std::string folder = std::string(TEMPER_SOURCE_DIR) + "/tests/golden/transformer/" + name;
    const Transformer model = LoadHfModel(folder);
    const auto expected = ReadSafetensors(folder + "/expected.safetensors");
    const int64_t* tokens = expected.at("tokens").const_data_ptr<int64_t>();
    const at::Tensor& greedy = expected.at("greedy");
    GenerationEngine engine(&model, {.slots = 2, .max_tokens = 96});
    GenerationRequest request;
    request.prompt_tokens.assign(tokens, tokens + 7);
    request.sampling = {.temperature = 0, .max_new_tokens = greedy.numel(), .stop_ids = {}};
    engine.Submit(request);
    const auto groups = RunAll(&engine);
    const int64_t* wanted = greedy.const_data_ptr<int64_t>();
    EXPECT_EQ(groups.at(0).trajectories[0].tokens, std::vector<int32_t>(wanted, wanted + greedy.numel())) << name;
  }
}

TEST(GenerationEngine, RefillsAFinishedSlotAtOnce) {
  const Transformer model = SmallModel();
  GenerationEngine engine(&model, {.slots = 4, .max_tokens = 128});
  for (uint64_t id = 0; id < 6; ++id) {
    GenerationRequest request = Request(id, 4);
    request.sampling.stop_ids.clear();
    request.sampling.max_new_tokens = id % 2 == 0 ? 3 : 9;
    engine.Submit(request);
  }
  // All four slots work in every step but the last ones, so the steps needed are the work divided by the slots: a completion of n tokens
  // draws two in its first step (the prompt's and the first decode), then one a step: n - 1 steps. 12 of 2 steps and 12 of 8.
  int steps = 0;
  while (!engine.idle()) {
    engine.Step();
    ++steps;
  }
  EXPECT_EQ(steps, (12 * 2 + 12 * 8) / 4);
  EXPECT_EQ(engine.tokens_generated(), 12 * 3 + 12 * 9);
}

TEST(GenerationEngine, StopsAtAStopTokenOrAtTheLimit) {
  const Transformer model = SmallModel();
  int finished = 0;
  int cut = 0;
  for (const auto& [id, group] : Generate(model, 16, {0, 1, 2, 3, 4, 5, 6, 7})) {
    EXPECT_EQ(group.prompt_tokens, Request(id, 5).prompt_tokens);
    for (const Trajectory& t : group.trajectories) {
      const auto is_stop = [](int32_t token) { return token == 2 || token == 7 || token == 9; };
      ASSERT_FALSE(t.tokens.empty());
      EXPECT_EQ(t.finished, is_stop(t.tokens.back()));
      EXPECT_FALSE(std::any_of(t.tokens.begin(), t.tokens.end() - 1, is_stop));
      EXPECT_EQ(t.logprobs.size(), t.tokens.size());
      EXPECT_EQ(t.versions.size(), t.tokens.size());
      EXPECT_TRUE(t.finished || t.tokens.size() == 24);
      ++(t.finished ? finished : cut);
    }
  }
  EXPECT_GT(finished, 0);
  EXPECT_GT(cut, 0);
}

TEST(GenerationEngine, ALongPromptDoesNotStopRunningCompletions) {
  const Transformer model = SmallModel();
  GenerationEngine engine(&model, {.slots = 2, .max_tokens = 128, .prefill_tokens = 8});
  GenerationRequest running = Request(0, 1);  // a prompt of 3 tokens
  running.sampling.stop_ids.clear();
  GenerationRequest longer = running;
  longer.group_id = 1;
  longer.prompt_tokens.assign(30, 5);
  engine.Submit(running);
  engine.Step();  // prompt, first and second token
  engine.Submit(longer);
  for (int64_t step = 1; step <= 3; ++step) {  // 8, 16, 24 of 30 prompt tokens
    engine.Step();
    EXPECT_EQ(engine.tokens_generated(), 2 + step);
  }
  engine.Step();  // the last 6: two tokens of the new completion, one of the other
  EXPECT_EQ(engine.tokens_generated(), 5 + 3);
  engine.Cancel(1);
  EXPECT_EQ(RunAll(&engine).size(), 1u);
}

TEST(GenerationEngine, CancelsAGroupWhosePromptIsHalfComputed) {
  const Transformer model = SmallModel();
  GenerationEngine engine(&model, {.slots = 2, .max_tokens = 128, .prefill_tokens = 8});
  GenerationRequest request = Request(1, 3);
  request.prompt_tokens.assign(30, 5);
  engine.Submit(request);
  engine.Step();
  EXPECT_EQ(engine.tokens_generated(), 0);
  engine.Cancel(1);
  EXPECT_TRUE(engine.idle());
  engine.Submit(Request(2, 3));
  EXPECT_EQ(RunAll(&engine).size(), 1u);
}

TEST(GenerationEngine, OneTokenCompletionsShareOneStep) {
  const Transformer model = SmallModel();
  GenerationEngine engine(&model, {.slots = 1, .max_tokens = 128});
  GenerationRequest request = Request(1, 6);
  request.sampling.max_new_tokens = 1;
  engine.Submit(request);
  EXPECT_EQ(engine.Step().size(), 1u);
  EXPECT_TRUE(engine.idle());
}

TEST(GenerationEngine, TokensKeepTheVersionThatDrewThem) {
  Transformer model = SmallModel();
  GenerationEngine engine(&model, {.slots = 1, .max_tokens = 128});
  GenerationRequest request = Request(1, 1);
  request.sampling.stop_ids.clear();
  request.sampling.max_new_tokens = 5;
  engine.SetVersion(4);
  engine.Submit(request);
  engine.Step();
  engine.SetVersion(5);
  engine.Step();
  engine.SetVersion(7);
  const auto groups = RunAll(&engine);
  EXPECT_THAT(groups.at(1).trajectories[0].versions, ElementsAre(4, 4, 5, 7, 7));
}

TEST(GenerationEngine, UsesTheNewWeightsFromTheNextStepOn) {
  Transformer model = SmallModel();
  GenerationEngine engine(&model, {.slots = 1, .max_tokens = 128});
  GenerationRequest request = Request(1, 1);
  request.sampling = {.temperature = 0, .max_new_tokens = 4, .stop_ids = {}};
  engine.Submit(request);
  engine.Step();
  model.flat().zero_();  // all logits equal: greedy takes token 0
  model.WeightsChanged();
  const auto groups = RunAll(&engine);
  EXPECT_EQ(groups.at(1).trajectories[0].tokens[2], 0);
  EXPECT_EQ(groups.at(1).trajectories[0].tokens[3], 0);
}

TEST(GenerationEngine, CancelledGroupsLeaveNothingBehind) {
  const Transformer model = SmallModel();
  const auto expected = Generate(model, 2, {3});
  GenerationEngine engine(&model, {.slots = 2, .max_tokens = 128});
  for (const uint64_t id : {1, 2, 3}) engine.Submit(Request(id, 5));
  engine.Step();
  engine.Cancel(1);
  engine.Cancel(2);
  engine.Cancel(99);
  ExpectSameBits(expected, RunAll(&engine));
}

TEST(GenerationEngine, RefusesWhatDoesNotFit) {
  const Transformer model = SmallModel();
  GenerationEngine engine(&model, {.slots = 2, .max_tokens = 32});
  const auto submit = [&](const std::function<void(GenerationRequest&)>& edit) {
    GenerationRequest request = Request(0, 1);
    edit(request);
    engine.Submit(request);
  };
  const auto refused = [&](const std::function<void(GenerationRequest&)>& edit) { EXPECT_THROW(submit(edit), ConfigError); };
  refused([](GenerationRequest& r) { r.prompt_tokens.clear(); });
  refused([](GenerationRequest& r) { r.prompt_tokens = {61}; });
  refused([](GenerationRequest& r) { r.prompt_tokens = {-1}; });
  EXPECT_THROW(submit([](GenerationRequest& r) { r.num_samples = 0; }), Error);
  EXPECT_THROW(submit([](GenerationRequest& r) { r.sampling.stop_strings = {"x"}; }), Error);
  refused([](GenerationRequest& r) { r.sampling.max_new_tokens = 30; });
  refused([](GenerationRequest& r) { r.sampling.max_new_tokens = int64_t{1} << 62; });
  refused([](GenerationRequest& r) { r.sampling.top_p = 2; });
  engine.Submit(Request(0, 1));
  EXPECT_THROW(engine.Submit(Request(0, 1)), Error);
}

}  // namespace
}  // namespace temper
