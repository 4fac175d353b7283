#include "reward/compose/advantage.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "cluster/base/error.h"

namespace temper {
namespace {

std::vector<RewardParts> Group(const std::vector<double>& rewards) {
  std::vector<RewardParts> group;
  for (const double reward : rewards) group.push_back({true, reward, {}});
  return group;
}

AdvantageOptions OfType(const std::string& type, double eps = 0.05) {
  AdvantageOptions options;
  options.type = &AdvantageEstimators().At(type);
  options.std_eps = eps;
  return options;
}

std::vector<double> Advantages(const AdvantageOptions& options, const std::vector<RewardParts>& group) {
  return EstimateAdvantages(options, {group}, {})[0].advantages;
}

TEST(Grpo, DividesByThePopulationDeviation) {
  // Rewards 0, 0, 1, 1: mean 0.5, population deviation 0.5; -0.5 / 0.55 and 0.5 / 0.55.
  const auto advantages = Advantages(OfType("grpo"), Group({0, 0, 1, 1}));
  EXPECT_NEAR(advantages[0], -0.5 / 0.55, 1e-12);
  EXPECT_NEAR(advantages[3], 0.5 / 0.55, 1e-12);
}

TEST(DrGrpo, OnlySubtractsTheMean) {
  const auto advantages = Advantages(OfType("dr_grpo"), Group({0.2, 0.4, 0.9}));
  EXPECT_NEAR(advantages[0], -0.3, 1e-12);
  EXPECT_NEAR(advantages[1], -0.1, 1e-12);
  EXPECT_NEAR(advantages[2], 0.4, 1e-12);
}

TEST(Rloo, SubtractsTheMeanOfTheOthers) {
  const auto advantages = Advantages(OfType("rloo"), Group({0.2, 0.4, 0.9}));
  EXPECT_NEAR(advantages[0], 0.2 - 0.65, 1e-12);
  EXPECT_NEAR(advantages[1], 0.4 - 0.55, 1e-12);
  EXPECT_NEAR(advantages[2], 0.9 - 0.3, 1e-12);
}

TEST(ReinforcePp, CentresInTheGroupAndDividesByTheDeviationOfTheBatch) {
  // Centred: -0.5, 0.5 | -0.1, 0.1 ; batch deviation = sqrt((0.25 + 0.25 + 0.01 + 0.01) / 4) = sqrt(0.13). The dead group has no say.
  const auto out = EstimateAdvantages(OfType("reinforce_pp", 0), {Group({0, 1}), Group({0.5, 0.5}), Group({0.4, 0.6})}, {});
  EXPECT_NEAR(out[0].advantages[1], 0.5 / std::sqrt(0.13), 1e-12);
  EXPECT_NEAR(out[2].advantages[0], -0.1 / std::sqrt(0.13), 1e-12);
  EXPECT_TRUE(out[1].dead);
  EXPECT_EQ(out[1].advantages, (std::vector<double>{0, 0}));
}

TEST(Advantages, LagrangianMixesPartsEstimatedByThemselves) {
  // Rewards 0, 1 -> -0.5, 0.5. Costs a: 1, 0 -> 0.5, -0.5; b: 0, 0 -> 0. lambda 2 and 1: A = (A_r - 2 A_a - A_b) / 4.
  const std::vector<RewardParts> group{{true, 0, {1, 0}}, {true, 1, {0, 0}}};
  const auto out = EstimateAdvantages(OfType("dr_grpo"), {group}, {2, 1});
  EXPECT_NEAR(out[0].advantages[0], (-0.5 - 2 * 0.5) / 4, 1e-12);
  EXPECT_NEAR(out[0].advantages[1], (0.5 + 2 * 0.5) / 4, 1e-12);
}

TEST(Advantages, AGroupWithVarianceInACostOnlyIsAlive) {
  const std::vector<RewardParts> group{{true, 0.5, {1}}, {true, 0.5, {0}}};
  EXPECT_FALSE(IsDeadGroup({}, group));
  const auto out = EstimateAdvantages(OfType("dr_grpo"), {group}, {1});
  EXPECT_NEAR(out[0].advantages[0], -0.25, 1e-12);
}

TEST(Advantages, AnUnusableMemberHasNoAdvantageAndNoPlaceInTheBaseline) {
  for (const char* type : {"grpo", "dr_grpo", "rloo", "reinforce_pp"}) {
    const auto without = Advantages(OfType(type), Group({0.2, 0.4, 0.9}));
    auto group = Group({0.2, 0, 0.4, 0.9});
    group[1] = {false, std::numeric_limits<double>::quiet_NaN(), {}};
    const auto with = Advantages(OfType(type), group);
    EXPECT_EQ(with[1], 0) << type;
    EXPECT_EQ(with[0], without[0]) << type;
    EXPECT_EQ(with[2], without[1]) << type;
    EXPECT_EQ(with[3], without[2]) << type;
  }
}

TEST(Advantages, PermutingMembersPermutesAdvantagesAndTheySumToZero) {
  const std::vector<double> rewards{0.1, 0.7, 0.3, 0.9, 0.3};
  const std::vector<size_t> order{3, 0, 4, 2, 1};
  for (const char* type : {"grpo", "dr_grpo", "rloo", "reinforce_pp"}) {
    const auto plain = Advantages(OfType(type), Group(rewards));
    std::vector<double> shuffled;
    for (const size_t i : order) shuffled.push_back(rewards[i]);
    const auto permuted = Advantages(OfType(type), Group(shuffled));
    double sum = 0;
    for (size_t i = 0; i < order.size(); ++i) {
      EXPECT_NEAR(permuted[i], plain[order[i]], 1e-12) << type;  // sums run in another order
      sum += plain[i];
    }
    EXPECT_NEAR(sum, 0, 1e-12) << type;
  }
}

TEST(Advantages, GroupsDoNotMixButUnderReinforcePp) {
  for (const char* type : {"grpo", "dr_grpo", "rloo"}) {
    const auto alone = Advantages(OfType(type), Group({0.1, 0.8}));
    const auto beside = EstimateAdvantages(OfType(type), {Group({0, 1, 1}), Group({0.1, 0.8})}, {});
    EXPECT_EQ(beside[1].advantages, alone) << type;
  }
}

TEST(DeadGroup, NeedsTwoUsableMembersThatDiffer) {
  const AdvantageOptions options;
  EXPECT_TRUE(IsDeadGroup(options, {}));
  EXPECT_TRUE(IsDeadGroup(options, Group({1})));
  EXPECT_TRUE(IsDeadGroup(options, Group({0.3, 0.3, 0.3})));
  EXPECT_TRUE(IsDeadGroup(options, Group({0.3, 0.3 + 5e-7})));
  EXPECT_FALSE(IsDeadGroup(options, Group({0.3, 0.3 + 2e-6})));
  auto failed = Group({0, 1});
  failed[1].usable = false;
  EXPECT_TRUE(IsDeadGroup(options, failed));
}

TEST(Advantages, RefuseWhatMakesNoSense) {
  EXPECT_THROW(OfType("ppo"), ConfigError);
  EXPECT_THROW(EstimateAdvantages({}, {Group({0, 1})}, {1}), Error);
  EXPECT_THROW(EstimateAdvantages({}, {Group({0, std::numeric_limits<double>::infinity()})}, {}), Error);
  EXPECT_TRUE(EstimateAdvantages({}, {}, {}).empty());
}

}  // namespace
}  // namespace temper
