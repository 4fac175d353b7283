#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include "cluster/collectives/communicator.h"
#include "learner/policy_loss.h"
#include "tests/learner/learner_fixture.h"
#include "tests/support/thread_communicator.h"

namespace temper {
namespace {

// Leaves parameters as they are and the gradient unclipped, to be looked at.
OptimizerOptions Frozen() {
  OptimizerOptions options;
  options.lr = 0;
  options.max_grad_norm = 0;
  return options;
}

RlOptions EveryTerm() {
  RlOptions options;
  options.kl_coef = 0.1;
  options.entropy_coef = 0.02;
  options.temperature = 0.8;
  return options;
}

// A model whose reference is another model: TinyModel(5) against TinyModel(6).
struct Trainer {
  Trainer(Communicator* communicator, int64_t micro_batch_tokens, int64_t threads = 1)
      : model(TinyModel(6)),
        learner(&model, {.micro_batch_tokens = micro_batch_tokens, .threads = threads, .dtype = ComputeType::kFp32}, communicator) {
    learner.SetReference();
    model.flat().copy_(TinyModel(5).flat());
    model.WeightsChanged();
    learner.BeginStage(Frozen(), 10);
  }
  Transformer model;
  Learner learner;
};

struct Result {
  at::Tensor gradient;
  UpdateReport report;
};

Result RlGradient(Communicator& communicator, const std::vector<TrainGroup>& share, const RlOptions& options, int64_t micro_batch_tokens) {
  Trainer trainer(&communicator, micro_batch_tokens);
  UpdateReport report = trainer.learner.RlUpdate(share, options);
  return {trainer.model.EnableGradients().clone(), report};
}

Result RlGradient(const std::vector<TrainGroup>& share, const RlOptions& options, int64_t micro_batch_tokens = 1000) {
  const auto single = MakeSingleCommunicator();
  return RlGradient(*single, share, options, micro_batch_tokens);
}

TEST(GradientTest, SharedPromptEqualsOneSequencePerCompletion) {
  const auto groups = RandomGroups(5, 4);
  std::vector<TrainGroup> unpacked;
  for (const TrainGroup& group : groups) {
    for (const TrainSample& sample : group.samples) unpacked.push_back({group.group_id, group.prompt_tokens, {sample}});
  }
  const Result shared = RlGradient(groups, EveryTerm());
  const Result apart = RlGradient(unpacked, EveryTerm());
  EXPECT_LT(RelativeDistance(shared.gradient, apart.gradient), 1e-5);
  EXPECT_NEAR(shared.report.at("actor/loss"), apart.report.at("actor/loss"), 1e-6);
  EXPECT_LT(shared.report.at("perf/stream_tokens"), apart.report.at("perf/stream_tokens"));
}

TEST(GradientTest, MicroBatchesDoNotChangeIt) {
  const auto groups = RandomGroups(7, 4);
  for (const auto& [aggregation, name] : EnumNames<LossAggregation>::kTable) {
    RlOptions options = EveryTerm();
    options.aggregation = aggregation;
    const Result whole = RlGradient(groups, options);
    EXPECT_EQ(whole.report.at("perf/micro_batches"), 1);
    for (const int64_t tokens : {1, 40, 90}) {
      const Result split = RlGradient(groups, options, tokens);
      EXPECT_GT(split.report.at("perf/micro_batches"), 1);
      EXPECT_LT(RelativeDistance(split.gradient, whole.gradient), 1e-6) << name << " " << tokens;
    }
  }
}

// More threads than groups too: the threads left over have nothing to add.
TEST(GradientTest, ComputeThreadsDoNotChangeIt) {
  const auto groups = RandomGroups(7, 4);
  const auto examples = RandomExamples(9);
  const auto single = MakeSingleCommunicator();
  const auto gradients = [&](int64_t threads) {
    Trainer rl(single.get(), 1000, threads);
    const UpdateReport report = rl.learner.RlUpdate(groups, EveryTerm());
    EXPECT_GE(report.at("perf/micro_batches"), std::min<int64_t>(threads, 2));
    Trainer sft(single.get(), 1000, threads);
    sft.learner.SftUpdate(examples);
    return std::pair{rl.model.EnableGradients().clone(), sft.model.EnableGradients().clone()};
  };
  const auto [whole_rl, whole_sft] = gradients(1);
  for (const int64_t threads : {2, 3, 16}) {
    const auto [rl, sft] = gradients(threads);
    EXPECT_LT(RelativeDistance(rl, whole_rl), 1e-6) << threads;
    EXPECT_LT(RelativeDistance(sft, whole_sft), 1e-6) << threads;
    const auto [rl_again, sft_again] = gradients(threads);
    EXPECT_TRUE(at::equal(rl, rl_again) && at::equal(sft, sft_again)) << "the sum must not depend on which thread is done first";
  }
}

// Ranks as threads with real collectives; the last rank's share is empty.
TEST(GradientTest, RanksDoNotChangeIt) {
  const auto groups = RandomGroups(7, 4);
  const Result whole = RlGradient(groups, EveryTerm());
  for (const int ranks : {2, 3, 4}) {
    ThreadWorld world(ranks);
    world.Run([&](Communicator& communicator) {
      ASSERT_EQ(communicator.size(), ranks);
      std::vector<TrainGroup> share;
      for (size_t g = 0; g < groups.size(); ++g) {
        if (static_cast<int>(g) % (ranks - 1) == communicator.rank()) share.push_back(groups[g]);
      }
      EXPECT_EQ(share.empty(), communicator.rank() == ranks - 1);
      const Result part = RlGradient(communicator, share, EveryTerm(), 40);
      EXPECT_LT(RelativeDistance(part.gradient, whole.gradient), 1e-6);
      for (const char* name : {"actor/loss", "actor/kl", "actor/entropy", "actor/ratio_max", "mismatch/logp_abs_max", "perf/loss_tokens"}) {
        EXPECT_NEAR(part.report.at(name), whole.report.at(name), 1e-6) << name;
      }
    });
  }
}

TEST(GradientTest, ARankWithoutSamplesHasThreadsToo) {
  const auto groups = RandomGroups(4, 4);
  const auto examples = RandomExamples(4);
  const Result whole = RlGradient(groups, EveryTerm());
  ThreadWorld world(2);
  world.Run([&](Communicator& communicator) {
    ASSERT_EQ(communicator.size(), 2);
    const bool has_all = communicator.rank() == 0;
    Trainer rl(&communicator, 1000, /*threads=*/2);
    rl.learner.RlUpdate(has_all ? groups : std::vector<TrainGroup>{}, EveryTerm());
    EXPECT_LT(RelativeDistance(rl.model.EnableGradients(), whole.gradient), 1e-6);
    Trainer sft(&communicator, 1000, /*threads=*/2);
    const UpdateReport report = sft.learner.SftUpdate(has_all ? examples : std::vector<SftExample>{});
    EXPECT_GT(report.at("actor/loss"), 0);
  });
}

TEST(GradientTest, SftDoesNotDependOnTheSplit) {
  const auto examples = RandomExamples(9);
  const auto gradient = [&](Communicator& communicator, std::span<const SftExample> share, int64_t tokens) {
    Trainer trainer(&communicator, tokens);
    trainer.learner.SftUpdate(share);
    return trainer.model.EnableGradients().clone();
  };
  const auto single = MakeSingleCommunicator();
  const at::Tensor whole = gradient(*single, examples, 1000);
  EXPECT_LT(RelativeDistance(gradient(*single, examples, 20), whole), 1e-6);
  ThreadWorld world(3);
  world.Run([&](Communicator& communicator) {
    const auto share = std::span(examples).subspan(communicator.rank() * 3, 3);
    EXPECT_LT(RelativeDistance(gradient(communicator, share, 16), whole), 1e-6);
  });
}

// d loss along a direction, by central differences on the reported loss, against gradient . direction.
template <typename Loss>
void ExpectSlope(Trainer& trainer, const Loss& loss, const at::Tensor& gradient, const at::Tensor& direction) {
  const at::Tensor start = trainer.model.flat().clone(), unit = direction / direction.norm();
  const double step = 2e-3;
  const auto at_offset = [&](double offset) {
    trainer.model.flat().copy_(start + unit * offset);
    trainer.model.WeightsChanged();
    return loss();
  };
  const double slope = (at_offset(step) - at_offset(-step)) / (2 * step);
  at_offset(0);
  const double expected = (gradient.to(at::kDouble) * unit.to(at::kDouble)).sum().item<double>();
  // fp32 log-probs leave about 1e-7 / step in the difference.
  EXPECT_NEAR(slope, expected, 1e-3 * std::abs(expected) + 3e-4);
}

// Directions: the gradient itself and the gradient with random signs.
template <typename Loss>
void ExpectGradientMatches(Trainer& trainer, const Loss& loss) {
  loss();
  const at::Tensor gradient = trainer.model.EnableGradients().clone();
  ExpectSlope(trainer, loss, gradient, gradient);
  KeyedStream stream(3, "signs");
  for (int trial = 0; trial < 3; ++trial) {
    at::Tensor direction = gradient.clone();
    float* data = direction.mutable_data_ptr<float>();
    for (int64_t i = 0; i < direction.numel(); ++i) data[i] *= stream.Below(3) == 0 ? -1.0f : 1.0f;
    ExpectSlope(trainer, loss, gradient, direction);
  }
}

TEST(GradientTest, SftMatchesFiniteDifferences) {
  const auto examples = RandomExamples(4);
  const auto single = MakeSingleCommunicator();
  Trainer trainer(single.get(), 1000);
  ExpectGradientMatches(trainer, [&] { return trainer.learner.SftUpdate(examples).at("actor/loss"); });
}

// On the first pass over a batch the old policy is the present one, so a ratio of one carries no loss; REINFORCE does, and so do the KL
// and entropy terms. The clipped ratio's own derivative is checked per token in policy_loss_test.cc.
TEST(GradientTest, RlMatchesFiniteDifferences) {
  const auto groups = RandomGroups(4, 3);
  const auto single = MakeSingleCommunicator();
  for (const KlEstimator estimator : {KlEstimator::kK2, KlEstimator::kK3}) {
    Trainer trainer(single.get(), 50);
    RlOptions options = EveryTerm();
    options.loss = &PolicyLosses().At("reinforce");
    options.tis_cap = 0;
    options.kl_estimator = estimator;
    options.kl_coef = 0.3;
    options.entropy_coef = 0.2;
    ExpectGradientMatches(trainer, [&] { return trainer.learner.RlUpdate(groups, options).at("actor/loss"); });
  }
}

}  // namespace
}  // namespace temper
