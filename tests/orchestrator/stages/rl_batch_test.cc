// What a step gives the learners, by hand: which groups go, what the loss is divided by, who is masked.
#include "orchestrator/stages/rl_batch.h"

#include <cmath>

#include <gmock/gmock.h>

namespace temper {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Rewards of a group's completions; a completion has as many tokens as its place, counted from one. The last one was cut.
ScoredGroup Scored(uint64_t id, const std::vector<double>& rewards) {
  ScoredGroup group;
  group.graded.rollout.group.group_id = id;
  group.graded.rollout.group.prompt_tokens = {1, 2};
  for (size_t i = 0; i < rewards.size(); ++i) {
    Trajectory t;
    t.tokens.assign(i + 1, 5);
    t.logprobs.assign(i + 1, -1);
    t.versions.assign(i + 1, 0);
    t.finished = i + 1 < rewards.size();
    group.graded.rollout.group.trajectories.push_back(t);
    group.parts.push_back({true, rewards[i], {}});
  }
  return group;
}

class RlBatchTest : public ::testing::Test {
 protected:
  RlBatchTest() {
    config_.rl.loss.kl_coef = 0;
    config_.rl.advantage.type = &AdvantageEstimators().At("dr_grpo");
    scored_[10] = Scored(10, {0, 1, 0.5});      // 6 tokens
    scored_[11] = Scored(11, {0.5, 0.5, 0.5});  // dead
    scored_[12] = Scored(12, {1, 0, 0});
    groups_ = {.step = 3, .live = {10, 12}, .dead = {11}};
  }
  RlBatch Make(size_t num_learners = 1) {
    return MakeRlBatch(config_, groups_, scored_, *MakeRewardComposer(config_.reward.composer), num_learners);
  }

  ExperimentConfig config_;
  std::map<uint64_t, ScoredGroup> scored_;
  Ledger::StepGroups groups_;
};

TEST_F(RlBatchTest, DeadGroupsCountAndStayAwayWhereTheyHaveNoGradient) {
  const RlBatch batch = Make();
  EXPECT_THAT(batch.trained, ElementsAre(10, 12));
  EXPECT_EQ(batch.orders[0].options.sampled_tokens, 18);
  EXPECT_EQ(batch.orders[0].options.sampled_sequences, 9);
  EXPECT_THAT(batch.advantages.at(11), ElementsAre(0, 0, 0));
  EXPECT_THAT(batch.advantages.at(10), ElementsAre(-0.5, 0.5, 0));
  EXPECT_EQ(batch.orders[0].publish_version, 4);
}

TEST_F(RlBatchTest, PartsAreNormalizedByThemselvesAndThenOverTheBatch) {
  config_.reward.composer.type = &Composers().At("weighted");
  config_.reward.composer.normalize = RewardNormalize::kPerPart;
  config_.reward.composer.weight_helpfulness = 2;
  scored_ = {{10, Scored(10, {2, 1})}, {12, Scored(12, {3, 0})}};  // 2 h + s
  scored_[10].parts[0].parts = {1, 0};
  scored_[10].parts[1].parts = {0, 1};
  scored_[12].parts[0].parts = {1, 1};
  scored_[12].parts[1].parts = {0, 0};
  groups_ = {.step = 3, .live = {10, 12}, .dead = {}};
  // Centred in their groups, and added up 2 to 1: (0.5 * 2 - 0.5) / 3 = 1/6 and (0.5 * 2 + 0.5) / 3 = 1/2.
  const double deviation = std::sqrt((2.0 / 36 + 2.0 / 4) / 4) + 1e-4;
  const RlBatch batch = Make();
  EXPECT_NEAR(batch.advantages.at(10)[0], 1.0 / 6 / deviation, 1e-12);
  EXPECT_NEAR(batch.advantages.at(10)[1], -1.0 / 6 / deviation, 1e-12);
  EXPECT_NEAR(batch.advantages.at(12)[0], 0.5 / deviation, 1e-12);
  EXPECT_NEAR(batch.advantages.at(12)[1], -0.5 / deviation, 1e-12);
}

TEST_F(RlBatchTest, DeadGroupsKeepTheirPenaltyAndTheirBonus) {
  config_.rl.loss.kl_coef = 0.02;
  EXPECT_THAT(Make().trained, ElementsAre(10, 11, 12));
  config_.rl.loss.kl_coef = 0;
  config_.rl.loss.entropy_coef = 0.01;
  EXPECT_THAT(Make().trained, ElementsAre(10, 11, 12));
  groups_.live.clear();
  groups_.dead = {11};
  EXPECT_THAT(Make().trained, ElementsAre(11)) << "even where nothing else is left";
}

TEST_F(RlBatchTest, OverTheTrainedOnlyTheyAreAlone) {
  config_.rl.normalize_over = NormalizeOver::kTrained;
  config_.rl.loss.kl_coef = 0.02;
  const RlBatch batch = Make();
  EXPECT_THAT(batch.trained, ElementsAre(10, 12));
  EXPECT_EQ(batch.orders[0].options.sampled_tokens, 0) << "what is trained on counts";
}

TEST_F(RlBatchTest, AStepWithoutGradientHasNoOrders) {
  groups_.live.clear();
  const RlBatch batch = Make(2);
  EXPECT_THAT(batch.orders, IsEmpty());
  EXPECT_THAT(batch.trained, IsEmpty());
}

TEST_F(RlBatchTest, GroupsAreDealtToTheLearners) {
  const RlBatch batch = Make(2);
  ASSERT_EQ(batch.orders.size(), 2U);
  EXPECT_EQ(batch.orders[0].groups.at(0).group_id, 10U);
  EXPECT_EQ(batch.orders[1].groups.at(0).group_id, 12U);
  EXPECT_EQ(batch.orders[1].options.sampled_tokens, 18) << "each knows the whole";
}

TEST_F(RlBatchTest, CutCompletionsAreLeftOutOfLossAndCounts) {
  config_.rl.mask_truncated = true;
  RlBatch batch = Make();
  EXPECT_EQ(batch.orders[0].groups[0].samples.size(), 2U);
  EXPECT_EQ(batch.orders[0].options.sampled_tokens, 9);
  EXPECT_EQ(batch.orders[0].options.sampled_sequences, 6);
  EXPECT_THAT(batch.advantages.at(10), ElementsAre(-0.5, 0.5, 0)) << "they stay in the baseline";
  // Where the learner makes the baseline it needs them, without their loss.
  config_.rl.loss.kl_coef = 0.02;
  config_.rl.loss.kl_in = KlPlace::kReward;
  batch = Make();
  ASSERT_EQ(batch.orders[0].groups[0].samples.size(), 3U);
  EXPECT_TRUE(batch.orders[0].groups[0].samples[2].masked);
  EXPECT_THAT(batch.orders[0].groups[0].samples[1].parts, ElementsAre(1));
  EXPECT_EQ(batch.orders[0].options.sampled_tokens, 9);
}

TEST_F(RlBatchTest, WhatCouldNotBeGradedHasNoPlace) {
  scored_[10].parts[1].usable = false;
  const RlBatch batch = Make();
  EXPECT_EQ(batch.orders[0].groups[0].samples.size(), 2U);
  EXPECT_EQ(batch.orders[0].options.sampled_tokens, 16);
  EXPECT_THAT(batch.advantages.at(10), ElementsAre(-0.25, 0, 0.25));
}

}  // namespace
}  // namespace temper
