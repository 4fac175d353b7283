// Every golden checkpoint through the generation engine and through the learner's packed forward.
#include <cmath>

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/index_select.h>
#include <gtest/gtest.h>

#include "learner/batch_packing.h"
#include "learner/packed_attention.h"
#include "learner/token_scores.h"
#include "policy/formats/hf_checkpoint.h"
#include "policy/formats/safetensors.h"
#include "rollout/engine/generation_engine.h"
#include "tests/support/golden_checkpoints.h"

namespace temper {
namespace {

class Family : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { at::set_num_threads(1); }
  // The completions of the first `prompt` tokens of the golden sequence.
  TrajectoryGroup Generate(int64_t prompt, int64_t samples, const SamplingOptions& sampling) const {
    const int64_t* tokens = expected_.at("tokens").const_data_ptr<int64_t>();
    GenerationEngine engine(&model_, {.slots = 3, .max_tokens = 96});
    GenerationRequest request;
    request.prompt_tokens.assign(tokens, tokens + prompt);
    request.num_samples = samples;
    request.sampling = sampling;
    engine.Submit(request);
    std::vector<TrajectoryGroup> done;
    while (done.empty()) done = engine.Step();
    return done.at(0);
  }
  const std::string folder_ = GoldenCheckpointsFolder() + "/" + GetParam();
  const std::map<std::string, at::Tensor> expected_ = ReadSafetensors(folder_ + "/expected.safetensors");
  const Transformer model_ = LoadHfModel(folder_);
};

TEST_P(Family, TheEngineContinuesGreedilyAsTransformersDoes) {
  const at::Tensor& greedy = expected_.at("greedy");
  const int64_t* wanted = greedy.const_data_ptr<int64_t>();
  const TrajectoryGroup group = Generate(7, 1, {.temperature = 0, .max_new_tokens = greedy.numel(), .stop_ids = {}});
  EXPECT_EQ(group.trajectories[0].tokens, std::vector<int32_t>(wanted, wanted + greedy.numel()));
}

// Completions of several lengths that share a prompt, each longer than the sliding window with it: one stream in the learner, cached keys
// of prompt and completion in the engine.
TEST_P(Family, TheLearnerScoresWhatTheEngineDrew) {
  for (const int64_t prompt : {1, 3, 20, 33}) {
    const TrajectoryGroup drawn = Generate(prompt, 4, {.temperature = 1, .max_new_tokens = 45, .stop_ids = {2}});
    TrainGroup group;
    group.prompt_tokens = drawn.prompt_tokens;
    for (const Trajectory& t : drawn.trajectories)
      group.samples.push_back({.tokens = t.tokens, .logprobs = t.logprobs, .versions = t.versions});
    const std::vector<MicroBatch> batches = PackGroups(std::vector<TrainGroup>{group}, 4096, model_.config());
    ASSERT_EQ(batches.size(), 1u);
    const MicroBatch& batch = batches[0];
    const c10::NoGradGuard no_grad;
    PackedAttention attention(batch.groups, model_.config().layer_windows);
    const at::Tensor hidden = model_.Hidden(batch.tokens_T, batch.positions_T, attention, batch.wanted_W);
    const TokenScores scores =
        ScoreTokens(at::index_select(hidden, 0, batch.rows_N), model_.output_weight(), batch.targets_N, /*temperature=*/1.0);
    const at::Tensor logprobs = scores.logprob_N.to(at::kFloat).contiguous();
    for (const PackedSample& sample : batch.samples) {
      const Trajectory& t = drawn.trajectories.at(static_cast<size_t>(sample.sample));
      ASSERT_EQ(sample.num_rows, static_cast<int64_t>(t.tokens.size()));
      for (int64_t i = 0; i < sample.num_rows; ++i)
        EXPECT_NEAR(logprobs.const_data_ptr<float>()[sample.first_row + i], t.logprobs.at(static_cast<size_t>(i)), 2e-4)
            << "prompt of " << prompt << ", sample " << sample.sample << ", token " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Golden, Family, ::testing::ValuesIn(GoldenCheckpoints()), [](const auto& p) { return p.param; });

}  // namespace
}  // namespace temper
