#include "learner/optimizer.h"

#include <cmath>
#include <limits>

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "cluster/base/error.h"
#include "cluster/config/check.h"
#include "tests/learner/learner_fixture.h"
#include "tests/support/thread_communicator.h"

namespace temper {
namespace {

TEST(OptimizerTest, FirstStepMovesByTheLearningRateAgainstTheSign) {
  at::Tensor flat = at::zeros({2}), gradient = at::tensor(std::vector<float>{0.5f, -3.0f});
  AdamW optimizer({{"weight", flat.view({1, 2})}}, flat, gradient, {0, static_cast<size_t>(flat.numel())});
  OptimizerOptions options;
  optimizer.Step(options, 0.01);
  // m / (1 - b1) = g and sqrt(v / (1 - b2)) = |g|, so the step is lr sign(g) up to eps.
  EXPECT_NEAR(flat[0].item<float>(), -0.01, 1e-8);
  EXPECT_NEAR(flat[1].item<float>(), 0.01, 1e-8);
  EXPECT_EQ(optimizer.steps(), 1);
}

TEST(OptimizerTest, AgreesWithPyTorchOverFiveClippedSteps) {
  const nlohmann::json golden = LearnerGolden()["adamw"];
  const auto values = [](const nlohmann::json& j) { return at::tensor(j.get<std::vector<float>>()); };
  at::Tensor flat = values(golden["start"]), gradient = at::zeros({9});
  // The matrix decays, the gain does not.
  AdamW optimizer({{"matrix", flat.narrow(0, 0, 6).view({2, 3})}, {"gain", flat.narrow(0, 6, 3)}}, flat, gradient,
                  {0, static_cast<size_t>(flat.numel())});
  const auto single = MakeSingleCommunicator();
  OptimizerOptions options;
  const nlohmann::json& o = golden["options"];
  options.beta1 = o["beta1"];
  options.beta2 = o["beta2"];
  options.eps = o["eps"];
  options.weight_decay = o["weight_decay"];
  for (const nlohmann::json& step : golden["steps"]) {
    gradient.copy_(values(step["gradient"]));
    EXPECT_NEAR(ClipGradient(gradient, o["max_grad_norm"], *single), step["norm"].get<double>(), 1e-6);
    optimizer.Step(options, o["lr"]);
    EXPECT_LT((flat - values(step["parameters"])).abs().max().item<float>(), 1e-6);  // a few units in the last place of 1
  }
}

TEST(OptimizerTest, ClippingScalesToTheLimitOnly) {
  const auto single = MakeSingleCommunicator();
  at::Tensor gradient = at::tensor(std::vector<float>{3, 4});
  EXPECT_NEAR(ClipGradient(gradient, 10, *single), 5, 1e-6);
  EXPECT_EQ(gradient[1].item<float>(), 4);
  EXPECT_NEAR(ClipGradient(gradient, 0, *single), 5, 1e-6);
  EXPECT_EQ(gradient[1].item<float>(), 4);
  EXPECT_NEAR(ClipGradient(gradient, 1, *single), 5, 1e-6);
  EXPECT_NEAR(gradient[0].item<float>(), 0.6, 1e-6);
  EXPECT_NEAR(gradient[1].item<float>(), 0.8, 1e-6);
}

// In fp32 the sum of so many equal squares stops growing: 16.0 for 22.36 at half a billion.
TEST(OptimizerTest, TheNormOfALargeShardIsRightForAnyNumberOfRanks) {
  constexpr int64_t kSize = 50'000'000;
  constexpr float kValue = 0.001234567f;
  at::Tensor gradient = at::full({kSize}, kValue, at::kFloat);
  const double expected = static_cast<double>(kValue) * std::sqrt(static_cast<double>(kSize));
  const auto norm = [&](Communicator& communicator) {
    if (communicator.rank() == 0)
      EXPECT_NEAR(ClipGradient(gradient, 0, communicator) / expected, 1, 1e-9);
    else
      ClipGradient(gradient, 0, communicator);
  };
  norm(*MakeSingleCommunicator());
  ThreadWorld(3).Run(norm);
}

TEST(OptimizerTest, TheNormDoesNotDependOnTheNumberOfThreads) {
  const at::Tensor values = at::randn({1'000'003}, at::detail::createCPUGenerator(7), at::kFloat);
  double sum = 0;
  for (int64_t i = 0; i < values.numel(); ++i) sum += std::pow(static_cast<double>(values.const_data_ptr<float>()[i]), 2);
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const double one = SumOfSquares(values);
  at::set_num_threads(3);
  EXPECT_EQ(SumOfSquares(values), one);
  at::set_num_threads(threads);
  EXPECT_NEAR(one / sum, 1, 1e-12);
}

// Four ranks, a quarter of the numbers each, cut in the middle of the matrix and of the gain.
TEST(OptimizerTest, ShardsTogetherStepAsOneOptimizerDoes) {
  const nlohmann::json golden = LearnerGolden()["adamw"];
  const auto values = [](const nlohmann::json& j) { return at::tensor(j.get<std::vector<float>>()); };
  OptimizerOptions options;
  options.weight_decay = 0.1;
  std::vector<at::Tensor> results(5);
  const auto train = [&](Communicator& communicator) {
    at::Tensor flat = values(golden["start"]), gradient = at::zeros({9});
    AdamW optimizer({{"matrix", flat.narrow(0, 0, 6).view({2, 3})}, {"gain", flat.narrow(0, 6, 3)}}, flat, gradient,
                    communicator.ShardOf(communicator.rank(), 9));
    for (const nlohmann::json& step : golden["steps"]) {
      gradient.copy_(values(step["gradient"]));
      EXPECT_NEAR(ClipGradient(gradient, 1.0, communicator), step["norm"].get<double>(), 1e-6);
      optimizer.Step(options, 0.01);
      communicator.AllGather(flat.mutable_data_ptr<float>(), 9, "parameters");
    }
    EXPECT_EQ(optimizer.exp_avg().numel(), static_cast<int64_t>(communicator.ShardOf(communicator.rank(), 9).size()));
    results[static_cast<size_t>(communicator.size() == 1 ? 4 : communicator.rank())] = flat;
  };
  train(*MakeSingleCommunicator());
  ThreadWorld(4).Run(train);
  for (int rank = 0; rank < 4; ++rank) EXPECT_LT((results[rank] - results[4]).abs().max().item<float>(), 1e-6) << rank;
}

TEST(OptimizerTest, SchedulesFollowTheirFormula) {
  const nlohmann::json golden = LearnerGolden()["schedules"];
  OptimizerOptions options;
  options.lr = golden["options"]["lr"];
  options.warmup_steps = golden["options"]["warmup_steps"];
  options.final_lr_fraction = golden["options"]["final_lr_fraction"];
  for (const std::string name : {"constant", "linear", "cosine"}) {
    options.schedule = ParseEnum<LrSchedule>(name);
    for (int64_t step = 0; step < 12; ++step) {
      EXPECT_NEAR(LearningRate(options, step, golden["total_steps"]), golden[name][step].get<double>(), 1e-12) << name << " " << step;
    }
  }
  // By hand: halfway of linear from step 3 to 9, the last, is .004 (1 - .95 / 2) at step 6; step 9 and later stay at the floor.
  options.schedule = LrSchedule::kLinear;
  EXPECT_NEAR(LearningRate(options, 0, 10), 0.004 / 3, 1e-12);
  EXPECT_NEAR(LearningRate(options, 3, 10), 0.004, 1e-12);
  EXPECT_NEAR(LearningRate(options, 6, 10), 0.0021, 1e-12);
  EXPECT_NEAR(LearningRate(options, 9, 10), 0.0002, 1e-12);
  EXPECT_NEAR(LearningRate(options, 99, 10), 0.0002, 1e-12);
}

TEST(OptimizerTest, RefusesOptionsItCannotStepWith) {
  CheckOptions("optimizer", OptimizerOptions{});
  OptimizerOptions options;
  options.schedule = static_cast<LrSchedule>(9);
  EXPECT_THROW(CheckOptions("optimizer", options), ConfigError);
  options = {};
  options.beta2 = 1;
  EXPECT_THROW(CheckOptions("optimizer", options), ConfigError);
  options = {};
  options.lr = std::numeric_limits<double>::infinity();
  EXPECT_THROW(CheckOptions("optimizer", options), ConfigError);
}

}  // namespace
}  // namespace temper
