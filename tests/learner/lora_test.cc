#include <filesystem>

#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "cluster/base/error.h"
#include "cluster/collectives/communicator.h"
#include "policy/formats/hf_checkpoint.h"
#include "policy/formats/safetensors.h"
#include "policy/model/sequence_logits.h"
#include "tests/learner/learner_fixture.h"
#include "tests/support/golden_lora.h"
#include "tests/support/temp_folder.h"
#include "tests/support/thread_communicator.h"

namespace temper {
namespace {

OptimizerOptions Steps(double lr) {
  OptimizerOptions options;
  options.lr = lr;
  options.max_grad_norm = 0;
  options.warmup_steps = 0;
  options.weight_decay = 0.1;
  return options;
}

LearnerOptions Lora(int64_t rank = 3, ComputeType dtype = ComputeType::kFp32) {
  return {.dtype = dtype, .lora = {.rank = rank, .alpha = 6, .seed = 4}};
}

// A learner with adapters on a tiny model.
struct Adapted {
  explicit Adapted(Communicator* communicator, const LearnerOptions& options = Lora(), uint64_t seed = 5)
      : base(TinyModel(seed)), model(base.Clone()), learner(&model, options, communicator) {
    learner.BeginStage(Steps(0.02), 8);
  }
  void Train(int first, int last) {
    for (int step = first; step < last; ++step) {
      if (step < 2) learner.SftUpdate(RandomExamples(4, step));
      if (step >= 2) learner.RlUpdate(RandomGroups(3, 3, step), {});
    }
  }
  Transformer base;
  Transformer model;
  Learner learner;
};

// Loss and gradient of PEFT itself, through tokens of which some are a prompt, in every family's arrangement of matrices.
TEST(LoraTest, LossAndGradientsAreThoseOfPeft) {
  constexpr int64_t kPrompt = 8;
  const auto single = MakeSingleCommunicator();
  for (const GoldenLora& golden : GoldenLoras()) {
    SCOPED_TRACE(golden.name);
    const Transformer folder = LoadHfModel(golden.base_folder());
    const Transformer base = golden.options.adapts_output() ? folder.Untied() : folder;
    Transformer model = base.Clone();
    Learner learner(&model, {.lora = golden.options}, single.get());
    learner.BeginStage(Steps(0), 1);
    auto stored = ReadSafetensors(golden.folder() + "/adapter_model.safetensors");
    std::erase_if(stored, [](const auto& tensor) { return tensor.first.find(".lora_") == std::string::npos; });
    const auto expected = ReadSafetensors(golden.folder() + "/expected.safetensors");
    ASSERT_EQ(model.trainable_parameters().size(), stored.size());
    {
      const at::NoGradGuard no_grad;
      for (const auto& [name, parameter] : model.trainable_parameters()) parameter.copy_(stored.at(name));
    }
    model.MergeAdapter(base);
    const at::Tensor& ids = expected.at("tokens");
    SftExample example;
    example.prompt_length = kPrompt;
    example.tokens.assign(ids.const_data_ptr<int64_t>(), ids.const_data_ptr<int64_t>() + ids.numel());
    const UpdateReport report = learner.SftUpdate({&example, 1});
    EXPECT_NEAR(report.at("actor/loss"), expected.at("loss").item<double>(), 1e-5);
    for (const auto& [name, parameter] : model.trainable_parameters())
      EXPECT_LT(RelativeDistance(parameter.grad(), expected.at("grad." + name)), 1e-4) << name;
  }
}

// Along the gradient g the loss grows by |g| per unit: (loss(x + e g/|g|) - loss(x - e g/|g|)) / 2e.
TEST(LoraTest, GradientsEqualFiniteDifferences) {
  const auto single = MakeSingleCommunicator();
  Transformer base = TinyModel();
  Transformer model = base.Clone();
  Learner learner(&model, Lora(), single.get());
  learner.BeginStage(Steps(0), 100);
  KeyedStream stream(1, "adapter");
  float* data = model.trainable().mutable_data_ptr<float>();
  for (int64_t i = 0; i < model.trainable().numel(); ++i) data[i] = 0.2f * static_cast<float>(stream.Normal());
  const auto examples = RandomExamples(5);
  const auto loss = [&] {
    model.MergeAdapter(base);
    return learner.SftUpdate(examples).at("actor/loss");
  };
  loss();
  const at::Tensor start = model.trainable().clone();
  for (const auto& [name, parameter] : model.trainable_parameters()) {
    loss();
    const at::Tensor gradient = parameter.grad().clone();
    const double norm = gradient.norm().item<double>(), step = 0.02;
    double difference = 0;
    for (const double sign : {1.0, -1.0}) {
      const at::NoGradGuard no_grad;
      parameter.add_(gradient, sign * step / norm);
      const at::AutoGradMode with_graph(true);
      difference += sign * loss();
      const at::NoGradGuard restoring;
      model.trainable().copy_(start);
    }
    EXPECT_NEAR(difference / (2 * step) / norm, 1, 0.01) << name;
  }
}

TEST(LoraTest, FreshAdaptersChangeNothing) {
  const auto single = MakeSingleCommunicator();
  Adapted adapted(single.get());
  EXPECT_TRUE(adapted.model.flat().equal(adapted.base.flat()));
  adapted.model.MergeAdapter(adapted.base);
  EXPECT_TRUE(adapted.model.flat().equal(adapted.base.flat()));
  EXPECT_EQ(adapted.model.trainable().numel(), adapted.model.gradients().numel());
  EXPECT_LT(adapted.model.trainable().numel(), adapted.model.num_parameters());
  for (const LoraAdapter::Pair& pair : adapted.model.adapter()->pairs()) {
    const double bound = 1 / std::sqrt(static_cast<double>(pair.a_RK.size(1)));
    EXPECT_LE(pair.a_RK.abs().max().item<double>(), bound) << pair.target;
    EXPECT_GT(pair.a_RK.abs().max().item<double>(), bound * 0.8) << pair.target;
    EXPECT_EQ(pair.b_NR.abs().max().item<double>(), 0) << pair.target;
  }
}

TEST(LoraTest, TrainingMovesTheTargetsAndNothingElse) {
  const auto single = MakeSingleCommunicator();
  LearnerOptions options = Lora();
  options.lora.target_modules = {"v_proj", "down_proj"};
  Adapted adapted(single.get(), options);
  adapted.learner.SetReference();
  for (int i = 0; i < 3; ++i) adapted.learner.SftUpdate(RandomExamples(4));
  for (size_t i = 0; i < adapted.base.parameters().size(); ++i) {
    const auto& [name, before] = adapted.base.parameters()[i];
    const bool is_target = name.ends_with("v_proj.weight") || name.ends_with("down_proj.weight");
    EXPECT_NE(before.equal(adapted.model.parameters()[i].second), is_target) << name;
  }
  EXPECT_FALSE(adapted.model.parameters()[0].second.requires_grad());
  // Merged again from the base it is the same: nothing is accumulated in the weights.
  const at::Tensor trained = adapted.model.flat().clone();
  adapted.model.flat().copy_(adapted.base.flat());
  adapted.model.MergeAdapter(adapted.base);
  EXPECT_TRUE(adapted.model.flat().equal(trained));
  const UpdateReport rl = adapted.learner.RlUpdate(RandomGroups(3, 3), {});
  EXPECT_GT(rl.at("actor/kl"), 1e-4);  // to the base
}

TEST(LoraTest, LossFalls) {
  const auto single = MakeSingleCommunicator();
  for (const auto& [dtype, name] : EnumNames<ComputeType>::kTable) {
    Adapted adapted(single.get(), Lora(4, dtype));
    const auto examples = RandomExamples(6);
    const double first = adapted.learner.SftUpdate(examples).at("actor/loss");
    double last = first;
    for (int i = 0; i < 7; ++i) last = adapted.learner.SftUpdate(examples).at("actor/loss");
    EXPECT_LT(last, 0.8 * first) << name;
  }
}

// The output projection's gradient comes from the loss that never builds all logits.
TEST(LoraTest, AnAdapterOnTheOutputProjectionHasTheGradientOfFiniteDifferences) {
  const auto single = MakeSingleCommunicator();
  LearnerOptions options = Lora();
  options.lora.target_modules = {"lm_head", "v_proj"};
  Transformer tied = TinyModel();
  EXPECT_THROW(tied.AddAdapter(options.lora), Error) << "it would change the embedding, too";
  const Transformer base = tied.Untied();
  EXPECT_TRUE(base.output_weight().equal(tied.output_weight()));
  for (const bool portable : {false, true}) {
    Transformer model = base.Clone();
    if (portable) model.UsePortable();
    Learner learner(&model, options, single.get());
    learner.BeginStage(Steps(0), 100);
    KeyedStream stream(1, "adapter");
    float* data = model.trainable().mutable_data_ptr<float>();
    for (int64_t i = 0; i < model.trainable().numel(); ++i) data[i] = 0.2f * static_cast<float>(stream.Normal());
    const auto examples = RandomExamples(5);
    const auto loss = [&] {
      model.MergeAdapter(base);
      return learner.SftUpdate(examples).at("actor/loss");
    };
    loss();
    const at::Tensor start = model.trainable().clone();
    size_t on_output = 0;
    for (const auto& [name, parameter] : model.trainable_parameters()) {
      on_output += name.find("lm_head") != std::string::npos ? 1 : 0;
      loss();
      const at::Tensor gradient = parameter.grad().clone();
      const double norm = gradient.norm().item<double>(), step = 0.02;
      double difference = 0;
      for (const double sign : {1.0, -1.0}) {
        const at::NoGradGuard no_grad;
        parameter.add_(gradient, sign * step / norm);
        const at::AutoGradMode with_graph(true);
        difference += sign * loss();
        const at::NoGradGuard restoring;
        model.trainable().copy_(start);
      }
      EXPECT_NEAR(difference / (2 * step) / norm, 1, 0.01) << name;
    }
    EXPECT_EQ(on_output, 2u);
  }
}

// Another split of the batch sums in another order: the rest is rounding.
TEST(LoraTest, LearnersAndThreadsDoNotChangeTheUpdate) {
  const auto single = MakeSingleCommunicator();
  const auto groups = RandomGroups(6, 3);
  const auto update = [&](Communicator* communicator, std::span<const TrainGroup> share, int64_t threads) {
    LearnerOptions options = Lora();
    options.threads = threads;
    Adapted adapted(communicator, options);
    adapted.learner.SetReference();
    adapted.learner.RlUpdate(share, {});
    adapted.learner.RlUpdate(share, {});
    return adapted.model.flat().clone();
  };
  const at::Tensor alone = update(single.get(), groups, 1);
  const at::Tensor untrained = TinyModel().flat();
  const auto distance = [&](const at::Tensor& other) { return RelativeDistance(other - untrained, alone - untrained); };
  EXPECT_LT(distance(update(single.get(), groups, 2)), 1e-3);
  ThreadWorld world(2);
  world.Run([&](Communicator& communicator) {
    const size_t begin = communicator.rank() == 0 ? 0 : 2, count = communicator.rank() == 0 ? 2 : 4;
    EXPECT_LT(distance(update(&communicator, std::span(groups).subspan(begin, count), 1)), 1e-3);
  });
}

TEST(LoraTest, ContinuingFromAFileEqualsNotStoppingBitForBit) {
  const auto single = MakeSingleCommunicator();
  TempFolder folder;
  for (const int reference_at : {0, 2}) {  // the base, and another model
    const auto train = [&](Adapted& adapted, int first, int last) {
      if (first == 0) adapted.Train(0, reference_at);
      if (first == 0) adapted.learner.SetReference();
      adapted.Train(std::max(first, reference_at), last);
    };
    Adapted unbroken(single.get());
    train(unbroken, 0, 6);
    Adapted first(single.get());
    train(first, 0, 4);
    first.learner.Save(folder.path());
    EXPECT_EQ(ReadSafetensors(folder / "learner.safetensors").at("parameters").numel(), first.model.trainable().numel());
    const auto stored = ReadSafetensors(folder / "learner.safetensors");
    EXPECT_EQ(stored.contains("reference_adapters"), reference_at > 0);
    EXPECT_FALSE(stored.contains("reference")) << "the whole model is in the checkpoint";
    Adapted resumed(single.get());
    resumed.learner.Load(folder.path());
    EXPECT_TRUE(resumed.model.flat().equal(first.model.flat()));
    train(resumed, 4, 6);
    EXPECT_TRUE(resumed.model.flat().equal(unbroken.model.flat()));
  }
}

// A later stage goes on from what an earlier one wrote: the same base, the same numbers, the same weights.
TEST(LoraTest, AnAdaptersFolderGivesTheSameWeightsBitForBit) {
  const auto single = MakeSingleCommunicator();
  TempFolder folder;
  Adapted trained(single.get());
  trained.Train(0, 2);
  SaveHfModel(trained.base, {}, folder / "base");
  SaveAdapter(*trained.model.adapter(), folder / "base", trained.model.config(), {}, folder / "adapter");
  Adapted loaded(single.get());
  loaded.learner.LoadAdapter(folder / "adapter");
  EXPECT_TRUE(loaded.model.flat().equal(trained.model.flat()));
  EXPECT_TRUE(LoadHfModel(folder / "adapter").flat().equal(trained.model.flat())) << "as a model of its own, on the base it names";

  Adapted narrower(single.get(), Lora(2));
  EXPECT_THROW(narrower.learner.LoadAdapter(folder / "adapter"), ConfigError);
  LearnerOptions fewer = Lora();
  fewer.lora.target_modules = {"q_proj"};
  Adapted other_targets(single.get(), fewer);
  EXPECT_THROW(other_targets.learner.LoadAdapter(folder / "adapter"), ConfigError);
  Transformer model = TinyModel();
  Learner none(&model, {}, single.get());
  EXPECT_THROW(none.LoadAdapter(folder / "adapter"), Error);
}

TEST(LoraTest, RefusesCheckpointsOfOtherAdapters) {
  const auto single = MakeSingleCommunicator();
  TempFolder folder;
  Adapted saved(single.get());
  saved.learner.Save(folder.path());
  Adapted other_base(single.get(), Lora(), 6);
  EXPECT_THROW(other_base.learner.Load(folder.path()), Error);
  LearnerOptions louder = Lora();
  louder.lora.alpha = 7;
  Adapted other_alpha(single.get(), louder);
  EXPECT_THROW(other_alpha.learner.Load(folder.path()), Error);
  Adapted none(single.get(), {});
  EXPECT_THROW(none.learner.Load(folder.path()), Error);
  none.learner.Save(folder.path());
  EXPECT_THROW(saved.learner.Load(folder.path()), Error);
}

TEST(LoraTest, RefusesOptionsNoAdapterCanHave) {
  Transformer model = TinyModel();
  EXPECT_THROW(model.AddAdapter({.rank = 2, .target_modules = {"embed_tokens"}}), ConfigError);
  EXPECT_THROW(model.AddAdapter({.rank = 2, .target_modules = {"q_proj", "q_proj"}}), ConfigError);
  EXPECT_THROW(model.AddAdapter({.rank = 2, .target_modules = {}}), ConfigError);
  EXPECT_THROW(model.AddAdapter({.rank = -1}), ConfigError);
}

}  // namespace
}  // namespace temper
