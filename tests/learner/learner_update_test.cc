#include <cmath>
#include <limits>

#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include "cluster/base/error.h"
#include "cluster/collectives/communicator.h"
#include "learner/policy_loss.h"
#include "tests/learner/learner_fixture.h"
#include "tests/support/thread_communicator.h"

namespace temper {
namespace {

OptimizerOptions Constant(double lr) {
  OptimizerOptions options;
  options.lr = lr;
  options.schedule = LrSchedule::kConstant;
  options.warmup_steps = 0;
  return options;
}

class LearnerUpdateTest : public testing::Test {
 protected:
  std::unique_ptr<Communicator> single_ = MakeSingleCommunicator();
  Transformer model_ = TinyModel();
};

// Prompt: three tokens and a separator; answer: the same three and the end token.
std::vector<SftExample> CopyTask(uint64_t step) {
  KeyedStream stream(step, "copy");
  std::vector<SftExample> examples(32);
  for (SftExample& example : examples) {
    for (int i = 0; i < 3; ++i) example.tokens.push_back(static_cast<int32_t>(2 + stream.Below(8)));
    example.tokens.push_back(1);
    for (int i = 0; i < 3; ++i) example.tokens.push_back(example.tokens[i]);
    example.tokens.push_back(0);
    example.prompt_length = 4;
  }
  return examples;
}

// Whatever way the answers are dealt out, the sums are those of the loss that training sees.
TEST_F(LearnerUpdateTest, ScoresAnswersAsTrainingDoesAndLeavesTheModelAsItIs) {
  const std::vector<SftExample> answers = CopyTask(1);
  Learner learner(&model_, {}, single_.get());
  const at::Tensor before = model_.flat().clone();
  const UpdateReport sums = learner.ScoreAnswers(answers);
  EXPECT_TRUE(at::equal(model_.flat(), before));
  EXPECT_EQ(sums.at("answers"), 32);
  EXPECT_EQ(sums.at("tokens"), 32 * 4);
  EXPECT_EQ(sums.at("tokens_squared"), 32 * 16);
  EXPECT_NEAR(sums.at("loss_tokens"), 4 * sums.at("loss"), 1e-9);
  EXPECT_GE(sums.at("loss_squared") * 32, sums.at("loss") * sums.at("loss"));
  learner.BeginStage(Constant(1e-9), 1);
  // The same passes in other batches: equal up to fp32 rounding.
  EXPECT_NEAR(learner.SftUpdate(answers).at("actor/loss"), sums.at("loss") / sums.at("tokens"), 1e-5);
}

TEST_F(LearnerUpdateTest, SftLearnsToCopy) {
  TransformerConfig config = TinyConfig();
  config.hidden_size = 32;
  config.head_dim = 8;
  config.intermediate_size = 64;
  Transformer model(config);
  model.Initialize(1);
  Learner learner(&model, {}, single_.get());
  OptimizerOptions options = Constant(1e-2);
  options.warmup_steps = 10;
  learner.BeginStage(options, 400);
  const double first = learner.SftUpdate(CopyTask(0)).at("actor/loss");
  double last = first;
  for (uint64_t step = 1; step < 400; ++step) last = learner.SftUpdate(CopyTask(step)).at("actor/loss");
  EXPECT_NEAR(first, std::log(24.0), 0.2);
  // Guessing without reading the prompt stays at 3/4 ln 8 = 1.56 a token.
  EXPECT_LT(last, 0.5);
}

TEST_F(LearnerUpdateTest, RlRaisesTheRewardedCompletion) {
  Learner learner(&model_, {}, single_.get());
  learner.BeginStage(Constant(5e-3), 20);
  std::vector<TrainGroup> groups = RandomGroups(2, 2);
  for (TrainGroup& group : groups) {
    group.samples[0].advantage = 1;
    group.samples[1].advantage = -1;
  }
  RlOptions options;
  options.kl_coef = 0;
  options.tis_cap = 0;
  options.loss = &PolicyLosses().At("reinforce");
  const double first = learner.RlUpdate(groups, options).at("actor/pg_loss");
  double last = first;
  for (int step = 0; step < 15; ++step) last = learner.RlUpdate(groups, options).at("actor/pg_loss");
  EXPECT_LT(last, first - 0.5);
}

// What the backward computes again is what the forward computed: no bit of an update may differ.
TEST_F(LearnerUpdateTest, RecomputedActivationsChangeNothing) {
  for (const auto& [dtype, name] : EnumNames<ComputeType>::kTable) {
    for (const int64_t rank : {0, 2}) {
      for (const int64_t threads : {1, 2}) {
        const auto trained = [&](bool recompute) {
          LearnerOptions options{.micro_batch_tokens = 40, .threads = threads, .dtype = dtype, .recompute_activations = recompute};
          options.lora.rank = rank;
          Transformer model = TinyModel();
          Learner learner(&model, options, single_.get());
          learner.SetReference();
          learner.BeginStage(Constant(1e-2), 10);
          learner.SftUpdate(RandomExamples(6));
          learner.RlUpdate(RandomGroups(4, 3), {});
          return model.flat().clone();
        };
        const at::Tensor plain = trained(false);
        EXPECT_GT(RelativeDistance(plain, TinyModel().flat()), 1e-3);
        EXPECT_TRUE(trained(true).equal(plain)) << name << ", rank " << rank << ", threads " << threads;
      }
    }
  }
}

TEST_F(LearnerUpdateTest, ReportsWhatTheBatchHeld) {
  Learner learner(&model_, {}, single_.get());
  learner.SetReference();
  learner.BeginStage(Constant(0), 5);
  std::vector<TrainGroup> groups(1);
  groups[0].prompt_tokens = {3, 4, 5};
  groups[0].samples = {{{6, 7}, {-1, -1}, {0, 0}, 1.0}, {{8, 9, 10, 0}, {-1, -1, -1, -1}, {0, 0, 0, 0}, -1.0}};
  RlOptions options;
  options.tis_cap = 0;
  UpdateReport report = learner.RlUpdate(groups, options);
  EXPECT_EQ(report.at("perf/loss_tokens"), 6);
  EXPECT_EQ(report.at("perf/stream_tokens"), 3 + 1 + 3);
  EXPECT_EQ(report.at("actor/nonfinite"), 0);
  EXPECT_EQ(report.at("actor/ratio_max"), 1);
  EXPECT_EQ(report.at("actor/clip_frac"), 0);
  EXPECT_EQ(report.at("actor/lr"), 0);
  // token mean of -A: (-2 * 1 + 4) / 6.
  EXPECT_NEAR(report.at("actor/pg_loss"), 2.0 / 6, 1e-6);
  EXPECT_NEAR(report.at("actor/kl"), 0, 1e-9);  // the reference is the model itself
  EXPECT_GT(report.at("mismatch/logp_abs_mean"), 0.1);
  for (const char* phase : {"forward_ref", "forward", "backward", "optimizer"}) {
    EXPECT_GT(report.at(Concat("timing_s/", phase)), 0) << phase;
  }
}

// With behaviour log-probs that are the model's own, the mismatch is rounding only.
TEST_F(LearnerUpdateTest, MismatchIsTheGapToTheRecordedLogProbs) {
  Learner learner(&model_, {}, single_.get());
  learner.BeginStage(Constant(0), 5);
  std::vector<TrainGroup> groups(1);
  groups[0].prompt_tokens = {3};
  groups[0].samples = {{{6}, {0}, {0}, 1.0}};
  RlOptions options;
  options.kl_coef = 0;
  options.loss = &PolicyLosses().At("reinforce");
  options.tis_cap = 0;
  const double logprob = -learner.RlUpdate(groups, options).at("actor/pg_loss");
  groups[0].samples[0].logprobs = {static_cast<float>(logprob + 0.25)};
  const UpdateReport report = learner.RlUpdate(groups, options);
  EXPECT_NEAR(report.at("mismatch/logp_abs_mean"), 0.25, 1e-6);
  EXPECT_NEAR(report.at("mismatch/logp_abs_max"), 0.25, 1e-6);
  EXPECT_NEAR(report.at("mismatch/kl_k1"), 0.25, 1e-6);
  EXPECT_NEAR(report.at("mismatch/kl_k3"), std::exp(-0.25) - 1 + 0.25, 1e-6);
  EXPECT_NEAR(report.at("mismatch/is_ratio_max"), std::exp(-0.25), 1e-6);
  EXPECT_NEAR(report.at("mismatch/ess"), 1, 1e-9) << "one token weighs what all do";

  // Weights e^-0.25 (twice) and 1, as the log-prob of the token after 6 does not matter to the first of a sample.
  const float exact = static_cast<float>(logprob);
  groups[0].samples = {{{6}, {exact + 0.25F}, {0}, 1.0}, {{6}, {exact + 0.25F}, {0}, 1.0}, {{6}, {exact}, {0}, 1.0}};
  const double w = std::exp(-0.25);
  EXPECT_NEAR(learner.RlUpdate(groups, options).at("mismatch/ess"), std::pow(2 * w + 1, 2) / (3 * (2 * w * w + 1)), 1e-6);
}

TEST_F(LearnerUpdateTest, SeveralUpdatesPerBatchMoveTheRatio) {
  Learner learner(&model_, {}, single_.get());
  learner.BeginStage(Constant(1e-2), 5);
  RlOptions options;
  options.kl_coef = 0;
  options.updates_per_batch = 4;
  const UpdateReport report = learner.RlUpdate(RandomGroups(4, 4), options);
  EXPECT_GT(report.at("actor/ratio_max"), 1.05);
  EXPECT_GT(report.at("actor/clip_frac"), 0);
  EXPECT_NEAR(report.at("actor/clip_frac"), report.at("actor/clip_frac_low") + report.at("actor/clip_frac_high"), 1e-12);
  EXPECT_NE(report.at("actor/ppo_kl"), 0);
}

TEST_F(LearnerUpdateTest, NonFiniteUpdatesAreSkippedOnEveryRank) {
  ThreadWorld world(2);
  world.Run([](Communicator& communicator) {
    Transformer model = TinyModel();
    Learner learner(&model, {}, &communicator);
    learner.BeginStage(Constant(1e-2), 5);
    const at::Tensor before = model.flat().clone();
    RlOptions options;
    options.kl_coef = 0;
    auto share = RandomGroups(2, 2, communicator.rank());
    if (communicator.rank() == 1) share[0].samples[1].advantage = std::numeric_limits<double>::quiet_NaN();
    EXPECT_EQ(learner.RlUpdate(share, options).at("actor/nonfinite"), 1);
    EXPECT_TRUE(model.flat().equal(before));
    EXPECT_EQ(learner.RlUpdate(RandomGroups(2, 2, communicator.rank()), options).at("actor/nonfinite"), 0);
    EXPECT_FALSE(model.flat().equal(before));
  });
}

// bf16 keeps 8 bits of each factor: the gradient is near, the master weights stay fp32.
TEST_F(LearnerUpdateTest, Bf16IsCloseToFp32) {
  Transformer low = TinyModel();
  Learner learner(&model_, {}, single_.get()), low_learner(&low, {.micro_batch_tokens = 8192, .dtype = ComputeType::kBf16}, single_.get());
  OptimizerOptions options = Constant(0);
  options.max_grad_norm = 0;
  learner.BeginStage(options, 5);
  low_learner.BeginStage(options, 5);
  const auto examples = RandomExamples(16);
  const double loss = learner.SftUpdate(examples).at("actor/loss");
  EXPECT_NEAR(low_learner.SftUpdate(examples).at("actor/loss"), loss, 0.01 * loss);
  const double distance = RelativeDistance(low.EnableGradients(), model_.EnableGradients());
  EXPECT_LT(distance, 0.03);
  EXPECT_GT(distance, 1e-5);  // it did compute in bf16
}

TEST_F(LearnerUpdateTest, RefusesCallsThatMakeNoSense) {
  Learner learner(&model_, {}, single_.get());
  EXPECT_THROW(learner.SftUpdate(RandomExamples(1)), Error);
  EXPECT_THROW(learner.RlUpdate(RandomGroups(1, 1), {}), Error);
  EXPECT_THROW(learner.BeginStage({}, 0), Error);
  learner.BeginStage({}, 5);
  EXPECT_THROW(learner.RlUpdate(RandomGroups(1, 1), {}), Error);  // kl_coef without a reference
  EXPECT_THROW(learner.SftUpdate({}), Error);                     // nothing to learn from anywhere
  EXPECT_THROW(Learner(&model_, {.micro_batch_tokens = 0, .dtype = ComputeType::kFp32}, single_.get()), ConfigError);
}

// With a learning rate of 0 the policy of every pass is the one that old was scored with: the ratio is 1 to the bit, whatever the type
// rounds to, and no token seems to have moved. The reference is the model itself, so its distance is that of one rounding at most.
TEST_F(LearnerUpdateTest, TheFirstPassHasARatioOfOne) {
  TransformerConfig config = TinyConfig();
  config.num_layers = 8;
  for (const auto& [dtype, name] : EnumNames<ComputeType>::kTable) {
    for (const bool portable : {false, true}) {
      for (const int64_t threads : {1, 2}) {
        SCOPED_TRACE(Concat(name, portable ? ", portable" : "", ", threads ", threads));
        Transformer model(config);
        model.Initialize(3);
        if (portable) model.UsePortable();
        Learner learner(&model, {.micro_batch_tokens = 60, .threads = threads, .dtype = dtype}, single_.get());
        learner.SetReference();
        learner.BeginStage(Constant(0), 5);
        RlOptions options;
        options.updates_per_batch = 3;
        const UpdateReport report = learner.RlUpdate(RandomGroups(4, 3), options);
        EXPECT_EQ(report.at("actor/ratio_max"), 1);
        EXPECT_EQ(report.at("actor/ppo_kl"), 0);
        EXPECT_EQ(report.at("actor/clip_frac"), 0);
        EXPECT_LT(report.at("actor/kl"), 1e-9);
      }
    }
  }
}

// The mismatch is that of the log-probs which the loss is made of, for any number of passes.
TEST_F(LearnerUpdateTest, TheMismatchIsThatOfTheTrainedPass) {
  std::vector<double> gaps;
  for (const int64_t passes : {1, 2}) {
    Transformer model = TinyModel();
    Learner learner(&model, {.dtype = ComputeType::kBf16}, single_.get());
    learner.BeginStage(Constant(0), 5);
    RlOptions options;
    options.kl_coef = 0;
    options.updates_per_batch = passes;
    gaps.push_back(learner.RlUpdate(RandomGroups(4, 3), options).at("mismatch/logp_abs_mean"));
  }
  EXPECT_EQ(gaps[0], gaps[1]);
}

// Groups X (live) and Y (dead): divided by what was sampled, X weighs as much as in a batch in which Y lives.
TEST_F(LearnerUpdateTest, WhatWasSampledIsDividedBy) {
  const auto gradient_norm = [&](double tokens, double sequences, LossAggregation aggregation) {
    Transformer model = TinyModel();
    Learner learner(&model, {}, single_.get());
    learner.BeginStage(Constant(0), 5);
    RlOptions options;
    options.kl_coef = 0;
    options.aggregation = aggregation;
    options.sampled_tokens = tokens;
    options.sampled_sequences = sequences;
    return learner.RlUpdate(RandomGroups(2, 3), options).at("actor/grad_norm");
  };
  double tokens = 0;
  for (const TrainGroup& group : RandomGroups(2, 3))
    for (const TrainSample& sample : group.samples) tokens += static_cast<double>(sample.tokens.size());
  for (const auto& [aggregation, name] : EnumNames<LossAggregation>::kTable) {
    if (aggregation == LossAggregation::kConstant) continue;  // it counts what was sampled by itself
    const double trained = gradient_norm(0, 0, aggregation);
    EXPECT_NEAR(gradient_norm(tokens, 6, aggregation) / trained, 1, 1e-6) << name;
    EXPECT_NEAR(gradient_norm(2 * tokens, 12, aggregation) / trained, 0.5, 1e-6) << name;
  }
}

// A penalty in the reward goes through the baseline: by hand from the log-probs that the learner reports for one token each.
TEST_F(LearnerUpdateTest, ThePenaltyInTheRewardGoesThroughTheBaseline) {
  const auto trained = [&](KlPlace place, const std::vector<double>& advantages, const std::vector<double>& rewards) {
    Transformer model = TinyModel();
    Learner learner(&model, {}, single_.get());
    learner.SetReference();
    learner.BeginStage(Constant(1e-2), 5);
    learner.SftUpdate(RandomExamples(8));  // away from the reference
    std::vector<TrainGroup> groups = RandomGroups(1, 2);
    for (size_t i = 0; i < 2; ++i) {
      groups[0].samples[i].advantage = advantages[i];
      groups[0].samples[i].parts = {rewards[i]};
    }
    RlOptions options;
    options.kl_coef = place == KlPlace::kLoss ? 0 : 0.5;
    options.kl_in = place;
    options.kl_estimator = KlEstimator::kK1;
    options.tis_cap = 0;
    options.advantage.type = &AdvantageEstimators().At("rloo");
    return learner.RlUpdate(groups, options);
  };
  // rloo is linear: A_i = (r_i - r_j) - coef (K_i - K_j), and the summed k1 of a completion is the same for each of its tokens.
  const double loss = trained(KlPlace::kReward, {0, 0}, {0.25, 1}).at("actor/pg_loss");
  const double without = trained(KlPlace::kLoss, {-0.75, 0.75}, {0, 0}).at("actor/pg_loss");
  const double zero = trained(KlPlace::kReward, {0, 0}, {0, 0}).at("actor/pg_loss");
  EXPECT_NE(zero, 0) << "equal rewards, unequal penalties";
  EXPECT_NEAR(loss - zero, without, 1e-9);
}

TEST_F(LearnerUpdateTest, AMaskedCompletionHasNoLossAndIsNotCounted) {
  const auto trained = [&](bool with_masked) {
    Transformer model = TinyModel();
    Learner learner(&model, {}, single_.get());
    learner.SetReference();
    learner.BeginStage(Constant(1e-2), 5);
    std::vector<TrainGroup> groups = RandomGroups(2, 3);
    for (TrainGroup& group : groups) {
      if (with_masked)
        group.samples[1].masked = true;
      else
        group.samples.erase(group.samples.begin() + 1);
    }
    learner.RlUpdate(groups, {});
    return model.flat().clone();
  };
  EXPECT_LT(RelativeDistance(trained(true), trained(false)), 1e-6);
}

TEST_F(LearnerUpdateTest, TheLearningRateFollowsTheStepNotTheUpdates) {
  Learner learner(&model_, {}, single_.get());
  OptimizerOptions options = Constant(1e-3);
  options.schedule = LrSchedule::kLinear;
  options.final_lr_fraction = 0.1;
  learner.BeginStage(options, 11);
  RlOptions rl;
  rl.kl_coef = 0;
  EXPECT_NEAR(learner.RlUpdate(RandomGroups(2, 2), rl).at("actor/lr"), 1e-3, 1e-15);
  learner.SetStep(5);  // the steps between had nothing to learn
  EXPECT_NEAR(learner.RlUpdate(RandomGroups(2, 2), rl).at("actor/lr"), 1e-3 * 0.55, 1e-15);
  learner.SetStep(10);
  EXPECT_NEAR(learner.RlUpdate(RandomGroups(2, 2), rl).at("actor/lr"), 1e-4, 1e-15);
}

}  // namespace
}  // namespace temper
