// The learner's operations in ATen, which GPUs run, against the own CPU kernels.
#include <ATen/TensorOperators.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "learner/packed_attention.h"
#include "learner/portable_attention.h"
#include "learner/token_scores.h"
#include "tests/learner/learner_fixture.h"
#include "tests/support/test_device.h"

namespace temper {
namespace {

// Sums in fp32 in another order: some 1e-7 of the largest terms.
constexpr double kClose = 2e-6;

at::Tensor Leaf(const at::Tensor& x, at::Device device) { return x.detach().clone().to(device).set_requires_grad(true); }

void ExpectSameAttention(const std::vector<SharedPrefixGroup>& groups, int64_t tokens, std::vector<int64_t> windows) {
  at::set_num_threads(1);
  const at::Tensor q = at::randn({tokens, 4, 6}), k = at::randn({tokens, 2, 6}), v = at::randn({tokens, 2, 6}),
                   grad = at::randn({tokens, 4, 6});
  PackedAttention native(groups, windows);
  PortableAttention portable(groups, windows, TestDevice());
  std::vector<at::Tensor> outs, grads;
  for (Attention* attention : {static_cast<Attention*>(&native), static_cast<Attention*>(&portable)}) {
    const at::Device device = attention == &native ? at::Device(at::kCPU) : TestDevice();
    const at::Tensor a = Leaf(q, device), b = Leaf(k, device), c = Leaf(v, device);
    const at::Tensor out = attention->Attend(0, a, b, c);
    torch::autograd::backward({out}, {grad.to(device)});
    outs.push_back(out.detach().cpu());
    for (const at::Tensor& leaf : {a, b, c}) grads.push_back(leaf.grad().cpu());
  }
  EXPECT_LT(RelativeDistance(outs[1], outs[0]), kClose * Slack());
  for (size_t i = 0; i < 3; ++i) EXPECT_LT(RelativeDistance(grads[3 + i], grads[i]), kClose * Slack()) << "of " << i;
}

TEST(PortableAttention, EqualsPackedAttention) {
  const SharedPrefixGroup shared{{0, 5}, {{5, 3}, {8, 1}, {9, 7}}}, alone{{16, 4}, {}}, next{{20, 2}, {{22, 2}}};
  ExpectSameAttention({shared, alone, next}, 24, {});
  ExpectSameAttention({shared, alone, next}, 24, {4});
  ExpectSameAttention({shared, alone, next}, 24, {2});
  ExpectSameAttention({{{0, 6}, {}}, {{6, 3}, {}}}, 9, {});
}

TEST(PortableTokenScores, EqualTheNativeOnes) {
  at::set_num_threads(1);
  constexpr int64_t kRows = 300, kSize = 12, kVocabulary = 77;
  const at::Tensor hidden = at::randn({kRows, kSize}), weight = at::randn({kVocabulary, kSize}),
                   targets = at::randint(kVocabulary, {kRows}, at::kLong);
  const at::Tensor d_logprob = at::randn({kRows}), d_entropy = at::randn({kRows});
  for (const double temperature : {1.0, 0.7}) {
    std::vector<at::Tensor> results;
    for (const bool portable : {false, true}) {
      const at::Device device = portable ? TestDevice() : at::Device(at::kCPU);
      const at::Tensor h = Leaf(hidden, device), w = Leaf(weight, device);
      const TokenScores scores =
          portable ? ScoreTokensPortable(h, w, targets.to(device), temperature, at::kFloat) : ScoreTokens(h, w, targets, temperature);
      torch::autograd::backward({scores.logprob_N, scores.entropy_N}, {d_logprob.to(device), d_entropy.to(device)});
      for (const at::Tensor& x : {scores.logprob_N.detach(), scores.entropy_N.detach(), h.grad(), w.grad()}) results.push_back(x.cpu());
    }
    for (size_t i = 0; i < 4; ++i) EXPECT_LT(RelativeDistance(results[4 + i], results[i]), kClose * Slack()) << "result " << i;
  }
}

TEST(PortableTokenScores, GiveNoGradientToAFrozenWeight) {
  const at::Device device = TestDevice();
  const at::Tensor hidden = Leaf(at::randn({5, 4}), device), weight = at::randn({9, 4}).to(device);
  const TokenScores scores = ScoreTokensPortable(hidden, weight, at::randint(9, {5}, at::kLong).to(device), 1, at::kFloat);
  torch::autograd::backward({scores.logprob_N}, {at::randn({5}).to(device)});
  EXPECT_TRUE(hidden.grad().defined());
}

// What the tiny model lacks: biases, head norms, a window, an output matrix of its own.
Transformer RichModel(const std::string& type) {
  TransformerConfig config = TinyConfig();
  config.model_type = type;
  config.qkv_bias = config.output_bias = true;
  config.mlp_bias = type == "llama";
  config.qk_norm = type == "qwen3";
  config.tie_embeddings = false;
  config.layer_windows = type == "qwen3" ? std::vector<int64_t>{0, 4} : std::vector<int64_t>{};
  Transformer model(config);
  model.Initialize(3);
  KeyedStream stream(3, "perturb");
  float* data = model.flat().mutable_data_ptr<float>();
  for (int64_t i = 0; i < model.num_parameters(); ++i) data[i] += 0.15f * static_cast<float>(stream.Normal());
  model.WeightsChanged();
  return model;
}

struct Trained {
  at::Tensor parameters;
  UpdateReport rl;
};

// An SFT update and two RL updates with a reference and old log-probs.
Trained Train(Transformer model, bool portable, const LearnerOptions& options) {
  at::set_num_threads(1);
  if (portable) UseTestDevice(&model);
  const auto communicator = MakeSingleCommunicator();
  Learner learner(&model, options, communicator.get());
  learner.BeginStage({.lr = 1e-3, .weight_decay = 0.01, .warmup_steps = 1}, 10);
  learner.SftUpdate(RandomExamples(5));
  learner.SetReference();
  RlOptions rl{.kl_coef = 0.05, .entropy_coef = 0.01, .temperature = 0.9, .updates_per_batch = 2};
  learner.RlUpdate(RandomGroups(3, 4), rl);
  UpdateReport report = learner.RlUpdate(RandomGroups(3, 4, 31), rl);
  return {model.flat().detach().cpu().clone(), std::move(report)};
}

void ExpectSameTraining(const Trained& native, const Trained& portable, double off_parameters, double off_figures) {
  EXPECT_LT(RelativeDistance(portable.parameters, native.parameters), off_parameters * Slack());
  for (const char* figure : {"actor/loss", "actor/pg_loss", "actor/kl", "actor/entropy", "actor/grad_norm", "mismatch/logp_abs_mean"})
    EXPECT_NEAR(portable.rl.at(figure), native.rl.at(figure), off_figures * Slack() * std::max(1.0, std::abs(native.rl.at(figure))))
        << figure;
}

TEST(PortableLearner, TrainsAsTheNativeOneDoes) {
  const LearnerOptions options{.micro_batch_tokens = 40};
  // Adam divides small gradients by their own size, so rounding of 1e-6 comes back larger in the parameters.
  ExpectSameTraining(Train(TinyModel(), false, options), Train(TinyModel(), true, options), 2e-5, 1e-4);
  for (const char* type : {"llama", "qwen3"})
    ExpectSameTraining(Train(RichModel(type), false, options), Train(RichModel(type), true, options), 2e-5, 1e-4);
}

TEST(PortableLearner, TrainsAdaptersAsTheNativeOneDoes) {
  const LearnerOptions options{.lora = {.rank = 3, .alpha = 6, .target_modules = {"q_proj", "v_proj", "o_proj", "up_proj", "down_proj"}}};
  ExpectSameTraining(Train(TinyModel(), false, options), Train(TinyModel(), true, options), 2e-5, 1e-4);
}

TEST(PortableLearner, TrainsInBf16NearTheNativeOne) {
  const LearnerOptions options{.dtype = ComputeType::kBf16};
  // bf16 has three digits; the portable forward rounds between products too.
  ExpectSameTraining(Train(TinyModel(), false, options), Train(TinyModel(), true, options), 1e-2, 5e-2);
}

}  // namespace
}  // namespace temper
