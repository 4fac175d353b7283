// Prefixes and transitions: what is trained on to the token, the loss by hand, the gradient by differences, and what a tiny model learns.
#include "learner/derta.h"

#include <numeric>

#include <ATen/ops/equal.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/softmax.h>
#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "cluster/collectives/communicator.h"
#include "cluster/config/check.h"
#include "learner/batch_packing.h"
#include "policy/model/sequence_logits.h"
#include "tests/learner/learner_fixture.h"
#include "tests/support/thread_communicator.h"

namespace temper {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using Bytes = std::vector<uint8_t>;

constexpr int32_t kTarget = 3;

// Request 7 8, safe answer 3 4 and the end token 0.
SftExample Demonstration() { return {.tokens = {7, 8, 3, 4, 0}, .prompt_length = 2}; }
UnsafeAnswer Unsafe() { return {{10, 11, 12, 13}, 2}; }

OptimizerOptions Frozen() {
  OptimizerOptions options;
  options.lr = 0;
  options.max_grad_norm = 0;
  return options;
}

// Report and gradient of one update that changes nothing.
struct Update {
  UpdateReport report;
  at::Tensor gradient;
};
Update UpdateOf(Communicator& communicator, std::span<const SftExample> share, int64_t threads = 1, int64_t micro_batch_tokens = 1000) {
  Transformer model = TinyModel();
  Learner learner(&model, {.micro_batch_tokens = micro_batch_tokens, .threads = threads}, &communicator);
  learner.BeginStage(Frozen(), 10);
  Update update{learner.SftUpdate(share), {}};
  update.gradient = model.EnableGradients().clone();
  return update;
}
Update UpdateOf(std::span<const SftExample> share) {
  const auto single = MakeSingleCommunicator();
  return UpdateOf(*single, share);
}

// log P(token | before) of the tiny model.
double LogProb(const std::vector<int32_t>& before, int32_t token) {
  const at::Tensor logits = SequenceLogits(TinyModel(), before);
  return at::log_softmax(logits[logits.size(0) - 1].to(at::kDouble), 0)[token].item<double>();
}

TEST(Derta, APrefixStandsBeforeTheAnswerWithoutALoss) {
  const SftExample with = WithPrefix(Demonstration(), 2, std::vector<int32_t>{10, 11});
  EXPECT_THAT(with.tokens, ElementsAre(7, 8, 10, 11, 3, 4, 0));
  EXPECT_EQ(with.prompt_length, 4);
  EXPECT_THAT(with.learned, IsEmpty());
  // A conversation whose first answer 5 is learned, too: user 7, assistant 5, user 8, assistant 3 4 0.
  const SftExample turns{.tokens = {7, 5, 8, 3, 4, 0}, .prompt_length = 1, .learned = {1, 0, 1, 1, 1}};
  const SftExample later = WithPrefix(turns, 3, std::vector<int32_t>{10, 11});
  EXPECT_THAT(later.tokens, ElementsAre(7, 5, 8, 10, 11, 3, 4, 0));
  EXPECT_EQ(later.prompt_length, 1);
  EXPECT_THAT(later.learned, ElementsAre(1, 0, 0, 0, 1, 1, 1));
  EXPECT_THROW(WithPrefix(Demonstration(), 1, std::vector<int32_t>{10}), Error);
}

TEST(Derta, ATransitionHasTheTargetAtEveryPlaceThatIsKept) {
  const SftExample transition = TransitionExample(Demonstration(), Unsafe(), kTarget, 0.5, Bytes{1, 0, 0, 1});
  EXPECT_THAT(transition.tokens, ElementsAre(7, 8, 10, 11, 12, 13));
  EXPECT_EQ(transition.prompt_length, 2);
  EXPECT_THAT(transition.targets, ElementsAre(3, 3, 3, 3));
  EXPECT_EQ(transition.weight, 0.5);
  // Rows: the first from the request's last token, the last from 12; both are to say 3.
  const std::vector<MicroBatch> batches = PackExamples(std::vector{transition}, 100, TinyConfig());
  ASSERT_THAT(batches, SizeIs(1));
  const auto values = [](const at::Tensor& t) { return std::vector<int64_t>(t.data_ptr<int64_t>(), t.data_ptr<int64_t>() + t.numel()); };
  EXPECT_THAT(values(batches[0].tokens_T), ElementsAre(7, 8, 10, 11, 12));
  EXPECT_THAT(values(batches[0].wanted_W), ElementsAre(1, 4));
  EXPECT_THAT(values(batches[0].targets_N), ElementsAre(3, 3));
}

TEST(Derta, ABatchRefusesTargetsThatDoNotFit) {
  SftExample transition = TransitionExample(Demonstration(), Unsafe(), kTarget, 1, Bytes{1, 1, 1, 1});
  transition.targets.pop_back();
  EXPECT_THROW(PackExamples(std::vector{transition}, 100, TinyConfig()), Error);
  transition.targets.push_back(24);
  EXPECT_THROW(PackExamples(std::vector{transition}, 100, TinyConfig()), Error) << "no token of the vocabulary";
}

// Two places of the unsafe answer and the three tokens of the answer, each log-prob from a pass of its own over what stands before.
TEST(Derta, TheLossIsTheSumOverPlacesAndAnswers) {
  const SftExample transition = TransitionExample(Demonstration(), Unsafe(), kTarget, 0.5, Bytes{1, 0, 0, 1});
  const Update update = UpdateOf(std::vector{Demonstration(), transition});
  const double answer = LogProb({7, 8}, 3) + LogProb({7, 8, 3}, 4) + LogProb({7, 8, 3, 4}, 0);
  const double places = LogProb({7, 8}, kTarget) + LogProb({7, 8, 10, 11, 12}, kTarget);
  EXPECT_NEAR(update.report.at("actor/loss"), -(answer + 0.5 * places) / 5, 1e-5);
  EXPECT_NEAR(update.report.at("transition/loss"), -places / 2, 1e-5);
  EXPECT_EQ(update.report.at("transition/tokens"), 2);
  EXPECT_EQ(update.report.at("perf/loss_tokens"), 5);
  EXPECT_EQ(update.report.at("response/length_mean"), 3) << "of answers alone";
  EXPECT_FALSE(UpdateOf(std::vector{Demonstration()}).report.contains("transition/tokens"));
}

// At every place the transition is the same as an example that ends there with the target.
TEST(Derta, TheGradientIsThatOfAnExampleForEachPlace) {
  std::vector<SftExample> places;
  for (int64_t t = 0; t < 4; ++t) {
    SftExample& place = places.emplace_back();
    place.tokens = {7, 8, 10, 11, 12, 13};
    place.tokens.resize(static_cast<size_t>(2 + t));
    place.prompt_length = 2 + t;
    place.tokens.push_back(kTarget);
  }
  const Update apart = UpdateOf(places);
  const Update together = UpdateOf(std::vector{TransitionExample(Demonstration(), Unsafe(), kTarget, 1, Bytes{1, 1, 1, 1})});
  EXPECT_LT(RelativeDistance(together.gradient, apart.gradient), 1e-5);
  EXPECT_NEAR(together.report.at("actor/loss"), apart.report.at("actor/loss"), 1e-6);
}

TEST(Derta, TheGradientMatchesFiniteDifferences) {
  const std::vector<SftExample> share = {WithPrefix(Demonstration(), 2, std::vector<int32_t>{10, 11}),
                                         TransitionExample(Demonstration(), Unsafe(), kTarget, 2.5, Bytes{1, 1, 0, 1})};
  const auto single = MakeSingleCommunicator();
  Transformer model = TinyModel();
  Learner learner(&model, {}, single.get());
  learner.BeginStage(Frozen(), 100);
  const auto loss = [&] { return learner.SftUpdate(share).at("actor/loss"); };
  loss();
  const at::Tensor gradient = model.EnableGradients().clone(), start = model.flat().clone();
  KeyedStream stream(3, "signs");
  for (int trial = 0; trial < 3; ++trial) {
    at::Tensor direction = gradient.clone();
    float* data = direction.mutable_data_ptr<float>();
    for (int64_t i = 0; trial > 0 && i < direction.numel(); ++i) data[i] *= stream.Below(3) == 0 ? -1.0f : 1.0f;
    direction = direction / direction.norm();
    const auto at_offset = [&](double offset) {
      model.flat().copy_(start + direction * offset);
      model.WeightsChanged();
      return loss();
    };
    const double step = 2e-3, slope = (at_offset(step) - at_offset(-step)) / (2 * step);
    const double expected = (gradient.to(at::kDouble) * direction.to(at::kDouble)).sum().item<double>();
    EXPECT_NEAR(slope, expected, 1e-3 * std::abs(expected) + 3e-4);  // fp32 log-probs leave about 1e-7 / step
  }
}

DertaOptions Both() {
  DertaOptions options;
  options.prefix_share = 1;
  options.prefix_max_tokens = 3;
  options.transition_weight = 1;
  options.transition_target_id = kTarget;
  options.transition_keep_rate = 0.5;
  return options;
}

std::vector<SftExample> ExamplesAt(uint64_t place, const DertaOptions& options, int64_t limit = 64) {
  return DertaExamples(Demonstration(), Unsafe(), options, kTarget, /*seed=*/1, place, limit);
}

TEST(Derta, LengthsAreEvenAndPlacesKeepTheirRate) {
  std::map<int64_t, int> lengths;
  double kept = 0, places = 0;
  for (uint64_t place = 0; place < 4000; ++place) {
    const std::vector<SftExample> examples = ExamplesAt(place, Both());
    ++lengths[examples[0].prompt_length - 2];
    places += 4;
    if (examples.size() > 1) kept += std::accumulate(examples[1].learned.begin(), examples[1].learned.end(), 0.0);
  }
  EXPECT_EQ(lengths.size(), 4U);                                                             // 0 to 3 of the four tokens
  for (const auto& [length, count] : lengths) EXPECT_NEAR(count, 1000, 4 * 27.4) << length;  // four standard errors
  EXPECT_NEAR(kept / places, 0.5, 4 * 0.004);
}

// Nothing depends on who asks, or on what was asked before.
TEST(Derta, WhatIsDrawnIsAFunctionOfThePlace) {
  const auto tokens = [](const std::vector<SftExample>& examples) {
    std::vector<std::vector<int32_t>> all;
    for (const SftExample& example : examples) {
      all.push_back(example.tokens);
      all.emplace_back(example.learned.begin(), example.learned.end());
    }
    return all;
  };
  const auto first = tokens(ExamplesAt(5, Both()));
  for (uint64_t place = 0; place < 5; ++place) ExamplesAt(place, Both());
  EXPECT_EQ(tokens(ExamplesAt(5, Both())), first);
  DertaOptions without = Both();
  without.transition_weight = 0;
  EXPECT_EQ(tokens(ExamplesAt(5, without))[0], first[0]) << "the prefix does not depend on the transition";
}

TEST(Derta, WhatHasNoUnsafeAnswerIsLeftAsItIs) {
  const auto examples = DertaExamples(Demonstration(), {{}, 2}, Both(), kTarget, 1, 1, 64);
  ASSERT_THAT(examples, SizeIs(1));
  EXPECT_EQ(examples[0].tokens, Demonstration().tokens);
  DertaOptions options = Both();
  options.prefix_share = 0;
  options.transition_keep_rate = 0;
  EXPECT_THAT(ExamplesAt(1, options), SizeIs(1)) << "no place is kept";
  options.transition_keep_rate = 1;
  const auto all = ExamplesAt(1, options);
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_THAT(all[1].learned, ElementsAre(1, 1, 1, 1));
}

TEST(Derta, SequencesStayWithinTheLimit) {
  DertaOptions options = Both();
  options.transition_keep_rate = 1;
  for (uint64_t place = 0; place < 50; ++place) {
    for (const SftExample& example : ExamplesAt(place, options, 5)) EXPECT_LE(example.tokens.size(), 5U);
  }
  EXPECT_THAT(ExamplesAt(1, options, 5)[1].tokens, ElementsAre(7, 8, 10, 11, 12));
  EXPECT_THAT(ExamplesAt(1, options, 2), SizeIs(1)) << "no room for a single place";
}

TEST(Derta, ATransitionNeedsOneTarget) {
  DertaOptions options = Both();
  EXPECT_NO_THROW(CheckOptions("sft.derta", options));
  options.transition_target = "i";
  EXPECT_THROW(CheckOptions("sft.derta", options), ConfigError) << "two of them";
  options.transition_target_id = -1;
  EXPECT_NO_THROW(CheckOptions("sft.derta", options));
  options.transition_target = "";
  EXPECT_THROW(CheckOptions("sft.derta", options), ConfigError);
}

std::vector<SftExample> ManyExamples() {
  std::vector<SftExample> all;
  for (uint64_t place = 0; place < 8; ++place)
    for (const SftExample& example : ExamplesAt(place, Both())) all.push_back(example);
  return all;
}

TEST(Derta, ThreadsMicroBatchesAndLearnersDoNotChangeTheGradient) {
  const std::vector<SftExample> all = ManyExamples();
  const Update whole = UpdateOf(all);
  const auto single = MakeSingleCommunicator();
  for (const int64_t threads : {2, 3}) {
    const Update part = UpdateOf(*single, all, threads, 20);
    EXPECT_LT(RelativeDistance(part.gradient, whole.gradient), 1e-6) << threads;
    EXPECT_TRUE(at::equal(part.gradient, UpdateOf(*single, all, threads, 20).gradient));
    EXPECT_NEAR(part.report.at("transition/loss"), whole.report.at("transition/loss"), 1e-6);
  }
  ThreadWorld world(2);
  world.Run([&](Communicator& communicator) {
    std::vector<SftExample> share;
    for (size_t i = 0; i < all.size(); ++i)
      if (static_cast<int>(i % 2) == communicator.rank()) share.push_back(all[i]);
    const Update part = UpdateOf(communicator, share);
    EXPECT_LT(RelativeDistance(part.gradient, whole.gradient), 1e-6);
    for (const char* name : {"actor/loss", "transition/loss", "transition/tokens", "response/length_mean"})
      EXPECT_NEAR(part.report.at(name), whole.report.at(name), 1e-6) << name;
  });
}

// Request 1 x is answered safely with 3 4 0, request 2 x with the long 10 11 ... 17. Behind d tokens of the long answer the request 1 x
// is to be answered with 3 all the same.
std::vector<double> TurnsBackByDepth(const DertaOptions& options) {
  TransformerConfig config = TinyConfig();
  config.hidden_size = 32;
  config.head_dim = 8;
  config.intermediate_size = 64;
  Transformer model(config);
  model.Initialize(2);
  const auto single = MakeSingleCommunicator();
  Learner learner(&model, {}, single.get());
  OptimizerOptions optimizer;
  optimizer.lr = 5e-3;
  learner.BeginStage(optimizer, 200);
  const std::vector<int32_t> unsafe = {10, 11, 12, 13, 14, 15, 16, 17};
  for (uint64_t step = 0; step < 200; ++step) {
    std::vector<SftExample> batch;
    for (uint64_t i = 0; i < 8; ++i) {
      const auto x = static_cast<int32_t>(5 + (step + i) % 4);
      batch.push_back({.tokens = {2, x, 10, 11, 12, 13, 14, 15, 16, 17, 0}, .prompt_length = 2});
      for (SftExample& each : DertaExamples({.tokens = {1, x, 3, 4, 0}, .prompt_length = 2}, {unsafe, 2}, options, 3, 1, 8 * step + i, 64))
        batch.push_back(std::move(each));
    }
    learner.SftUpdate(batch);
  }
  std::vector<double> turns;
  for (const size_t depth : {0U, 2U, 4U, 6U}) {
    std::vector<int32_t> tokens = {1, 5};
    tokens.insert(tokens.end(), unsafe.begin(), unsafe.begin() + static_cast<std::ptrdiff_t>(depth));
    const at::Tensor logits = SequenceLogits(model, tokens);
    turns.push_back(at::softmax(logits[logits.size(0) - 1], 0)[3].item<double>());
  }
  return turns;
}

TEST(Derta, ATinyModelTurnsBackAtEveryDepthOnlyWithTheLoss) {
  const std::vector<double> without = TurnsBackByDepth({});
  EXPECT_GT(without[0], 0.9);
  EXPECT_LT(without[2], 0.5) << "behind four tokens it goes on";
  DertaOptions transition;
  transition.transition_weight = 1;
  transition.transition_target_id = 3;
  transition.transition_keep_rate = 1;
  for (const double turns : TurnsBackByDepth(transition)) EXPECT_GT(turns, 0.9);
  DertaOptions prefix;
  prefix.prefix_share = 1;
  for (const double turns : TurnsBackByDepth(prefix)) EXPECT_GT(turns, 0.8) << "a ninth of the examples for each depth";
}

}  // namespace
}  // namespace temper
