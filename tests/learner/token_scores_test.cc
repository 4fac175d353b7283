#include "learner/token_scores.h"

#include <cmath>

#include <ATen/ops/log_softmax.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "tests/learner/learner_fixture.h"

namespace temper {
namespace {

at::Tensor Values(const nlohmann::json& j, at::IntArrayRef shape) { return at::tensor(j.get<std::vector<float>>()).view(shape).clone(); }

double LargestDifference(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

TEST(TokenScoresTest, UniformLogitsGiveMinusLogVAndLogV) {
  const TokenScores scores = ScoreTokens(at::zeros({3, 2}), at::randn({9, 2}), at::tensor(std::vector<int64_t>{0, 4, 8}), 1.0);
  for (int64_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(scores.logprob_N[i].item<double>(), -std::log(9.0), 1e-6);
    EXPECT_NEAR(scores.entropy_N[i].item<double>(), std::log(9.0), 1e-6);
  }
}

TEST(TokenScoresTest, AgreesWithPyTorch) {
  const nlohmann::json golden = LearnerGolden()["token_scores"];
  const at::Tensor hidden = Values(golden["hidden"], {5, 4}).set_requires_grad(true);
  const at::Tensor weight = Values(golden["weight"], {7, 4}).set_requires_grad(true);
  const at::Tensor targets = at::tensor(golden["targets"].get<std::vector<int64_t>>());
  const TokenScores scores = ScoreTokens(hidden, weight, targets, golden["temperature"]);
  // fp32 against double: a dozen units in the last place.
  EXPECT_LT(LargestDifference(scores.logprob_N, Values(golden["logprob"], {5})), 3e-6);
  EXPECT_LT(LargestDifference(scores.entropy_N, Values(golden["entropy"], {5})), 3e-6);
  torch::autograd::backward({scores.logprob_N, scores.entropy_N}, {Values(golden["g_logprob"], {5}), Values(golden["g_entropy"], {5})});
  EXPECT_LT(LargestDifference(hidden.grad(), Values(golden["d_hidden"], {5, 4})), 5e-6);
  EXPECT_LT(LargestDifference(weight.grad(), Values(golden["d_weight"], {7, 4})), 5e-6);
}

// Several chunks, ragged rows of the vector loops, and a distribution with extreme logits.
TEST(TokenScoresTest, ManyChunksAgreeWithThePlainForm) {
  at::set_num_threads(1);
  const int64_t rows = 700, vocabulary = 4099;
  const at::Tensor hidden = (at::randn({rows, 8}) * 3).set_requires_grad(true);
  const at::Tensor weight = at::randn({vocabulary, 8}).set_requires_grad(true);
  const at::Tensor targets = at::randint(vocabulary, {rows}, at::kLong);
  const at::Tensor g_logprob = at::randn({rows}), g_entropy = at::randn({rows});
  const TokenScores scores = ScoreTokens(hidden, weight, targets, 0.8);
  torch::autograd::backward({scores.logprob_N, scores.entropy_N}, {g_logprob, g_entropy});

  const at::Tensor wide_hidden = hidden.detach().to(at::kDouble).set_requires_grad(true);
  const at::Tensor wide_weight = weight.detach().to(at::kDouble).set_requires_grad(true);
  const at::Tensor logp = at::log_softmax(at::mm(wide_hidden, wide_weight.t()) / 0.8, -1);
  const at::Tensor logprob = logp.gather(1, targets.unsqueeze(1)).squeeze(1);
  const at::Tensor entropy = -(logp.exp() * logp).sum(-1);
  torch::autograd::backward({logprob, entropy}, {g_logprob.to(at::kDouble), g_entropy.to(at::kDouble)});
  EXPECT_LT(RelativeDistance(scores.logprob_N, logprob), 1e-6);
  EXPECT_LT(RelativeDistance(scores.entropy_N, entropy), 2e-6);
  EXPECT_LT(RelativeDistance(hidden.grad(), wide_hidden.grad()), 2e-6);
  EXPECT_LT(RelativeDistance(weight.grad(), wide_weight.grad()), 2e-6);
}

TEST(TokenScoresTest, DerivativesMatchFiniteDifferences) {
  const at::Tensor hidden = at::randn({2, 3}), weight = at::randn({6, 3});
  const at::Tensor targets = at::tensor(std::vector<int64_t>{1, 5});
  const auto value = [&](const at::Tensor& h) {
    const TokenScores scores = ScoreTokens(h, weight, targets, 1.3);
    return (scores.logprob_N * 2 - scores.entropy_N).sum();
  };
  const at::Tensor leaf = hidden.clone().set_requires_grad(true);
  torch::autograd::backward({value(leaf)});
  for (int64_t i = 0; i < 6; ++i) {
    const float step = 1e-2f;
    at::Tensor up = hidden.clone(), down = hidden.clone();
    up.view({6})[i] += step;
    down.view({6})[i] -= step;
    const double slope = (value(up) - value(down)).item<double>() / (2 * step);
    // Truncation of the central difference is about step^2.
    EXPECT_NEAR(leaf.grad().view({6})[i].item<double>(), slope, 1e-3);
  }
}

TEST(TokenScoresTest, NotANumberIsNotHidden) {
  at::Tensor hidden = at::randn({1, 3});
  hidden[0][1] = std::nanf("");
  const TokenScores scores = ScoreTokens(hidden, at::randn({40, 3}), at::tensor(std::vector<int64_t>{2}), 1.0);
  EXPECT_TRUE(std::isnan(scores.logprob_N[0].item<float>()));
}

}  // namespace
}  // namespace temper
