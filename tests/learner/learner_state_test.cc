#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "cluster/base/error.h"
#include "cluster/collectives/communicator.h"
#include "tests/learner/learner_fixture.h"
#include "tests/support/thread_communicator.h"

namespace temper {
namespace {

// A folder of this test's own, removed with it.
class LearnerStateTest : public testing::Test {
 protected:
  LearnerStateTest()
      : folder_(std::filesystem::temp_directory_path() /
                Concat("learner_state_", ::getpid(), "_", testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::filesystem::create_directories(folder_);
  }
  ~LearnerStateTest() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_;
};

OptimizerOptions Options() {
  OptimizerOptions options;
  options.lr = 0.0123456789;
  options.weight_decay = 0.1;
  options.schedule = LrSchedule::kCosine;
  options.warmup_steps = 2;
  return options;
}

void TrainSteps(Learner& learner, int first, int last) {
  for (int step = first; step < last; ++step) {
    if (step == 3) learner.SetReference();
    if (step < 3) learner.SftUpdate(RandomExamples(4, step));
    if (step >= 3) learner.RlUpdate(RandomGroups(3, 3, step), {});
  }
}

TEST_F(LearnerStateTest, ContinuingFromAFileEqualsNotStoppingBitForBit) {
  const auto single = MakeSingleCommunicator();
  for (const auto& [dtype, name] : EnumNames<ComputeType>::kTable) {
    SCOPED_TRACE(name);
    const LearnerOptions options{.dtype = dtype};
    Transformer unbroken = TinyModel();
    Learner whole(&unbroken, options, single.get());
    whole.BeginStage(Options(), 8);
    TrainSteps(whole, 0, 8);

    Transformer first = TinyModel();
    {
      Learner learner(&first, options, single.get());
      learner.BeginStage(Options(), 8);
      TrainSteps(learner, 0, 5);
      learner.Save(folder_);
    }
    Transformer second = TinyModel(77);
    Learner resumed(&second, options, single.get());
    resumed.Load(folder_);
    EXPECT_TRUE(second.flat().equal(first.flat()));
    TrainSteps(resumed, 5, 8);
    EXPECT_TRUE(second.flat().equal(unbroken.flat()));
  }
}

TEST_F(LearnerStateTest, ANumberOfLearnersIsNotPartOfTheState) {
  const auto single = MakeSingleCommunicator();
  Transformer saved = TinyModel();
  Learner learner(&saved, {}, single.get());
  learner.BeginStage(Options(), 8);
  TrainSteps(learner, 0, 2);
  learner.Save(folder_);
  ThreadWorld world(2);
  world.Run([&](Communicator& communicator) {
    Transformer model = TinyModel(40 + communicator.rank());
    Learner loaded(&model, {}, &communicator);
    loaded.Load(folder_);
    EXPECT_TRUE(model.flat().equal(saved.flat()));
    loaded.SftUpdate(RandomExamples(2, communicator.rank()));
    std::vector<float> mine(model.flat().const_data_ptr<float>(), model.flat().const_data_ptr<float>() + model.num_parameters());
    std::vector<float> root = mine;
    communicator.Broadcast(root.data(), root.size() * sizeof(float), 0, "compare");
    EXPECT_EQ(mine, root);
  });
}

TEST_F(LearnerStateTest, RefusesAnotherModelAndDamagedFiles) {
  const auto single = MakeSingleCommunicator();
  Transformer model = TinyModel();
  Learner learner(&model, {}, single.get());
  EXPECT_THROW(learner.Load(folder_), Error);
  learner.BeginStage(Options(), 8);
  learner.Save(folder_);

  TransformerConfig wider = TinyConfig();
  wider.intermediate_size = 32;
  Transformer other(wider);
  other.Initialize(1);
  Learner other_learner(&other, {}, single.get());
  EXPECT_THROW(other_learner.Load(folder_), Error);

  std::ofstream(folder_ / "learner.json") << "{\"format\": 1, \"optimizer\": {}}";
  EXPECT_THROW(learner.Load(folder_), Error);
  std::ofstream(folder_ / "learner.json") << "not json";
  EXPECT_THROW(learner.Load(folder_), Error);
}

}  // namespace
}  // namespace temper
