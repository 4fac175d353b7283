// Estimators: values by hand, and those that verl, TRL and OpenRLHF compute for one small batch (tests/golden/advantage_golden.json).
#include "reward/advantage/advantage.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cluster/base/error.h"

namespace temper {
namespace {

AdvantageGroup Group(const std::vector<double>& rewards) {
  AdvantageGroup group;
  for (const double reward : rewards) group.push_back({{reward}});
  return group;
}

AdvantageOptions OfType(const std::string& type, double eps = 0.05) {
  AdvantageOptions options;
  options.type = &AdvantageEstimators().At(type);
  options.std_eps = eps;
  return options;
}

std::vector<double> Values(const std::vector<Advantage>& advantages) {
  std::vector<double> values;
  for (const Advantage& advantage : advantages) values.push_back(advantage.value);
  return values;
}

std::vector<double> Advantages(const AdvantageOptions& options, const AdvantageGroup& group) {
  return Values(EstimateAdvantages(options, {group}, {})[0]);
}

TEST(Grpo, DividesByThePopulationDeviation) {
  // Rewards 0, 0, 1, 1: mean 0.5, population deviation 0.5; -0.5 / 0.55 and 0.5 / 0.55.
  const auto advantages = Advantages(OfType("grpo"), Group({0, 0, 1, 1}));
  EXPECT_NEAR(advantages[0], -0.5 / 0.55, 1e-12);
  EXPECT_NEAR(advantages[3], 0.5 / 0.55, 1e-12);
}

TEST(Grpo, TheSampleFormDividesByOneLess) {
  // One of eight: mean 1/8, squares 7/8, sample deviation sqrt(1/8); (7/8) / (sqrt(1/8) + 1e-4) = 2.474, as TRL has it.
  AdvantageOptions options = OfType("grpo", 1e-4);
  options.std_form = StdForm::kSample;
  const auto advantages = Advantages(options, Group({1, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_NEAR(advantages[0], 0.875 / (std::sqrt(0.125) + 1e-4), 1e-12);
  EXPECT_NEAR(advantages[0], 2.474, 5e-4);
}

TEST(Grpo, EqualRewardsHaveNoAdvantageEvenWithoutAnEpsilon) {
  AdvantageOptions options = OfType("grpo", 0);
  for (const AdvantageScale scale : {AdvantageScale::kGroup, AdvantageScale::kBatch}) {
    options.scale = scale;
    EXPECT_EQ(Advantages(options, Group({0.3, 0.3, 0.3})), (std::vector<double>{0, 0, 0}));
    // Ten times 0.1 add up to less than 1.
    EXPECT_EQ(Advantages(options, Group(std::vector<double>(10, 0.1))), std::vector<double>(10, 0));
  }
  // Differences that count as none are not blown up to advantages of +-1.
  EXPECT_EQ(Advantages(options, Group({0.3, 0.3 + 1e-9})), (std::vector<double>{0, 0}));
}

// Whatever the other parts do: rewards 0 and 1 become -1 and 1, the cost nothing, and (A_r - 1 A_c) / 2 is half of it.
TEST(Grpo, APartThatDiffersByNextToNothingCountsAsEqual) {
  const AdvantageGroup group = {{{0, 0.3}}, {{1, 0.3 + 1e-9}}};
  const AdvantageOptions options = OfType("grpo", 0);
  EXPECT_FALSE(IsDeadGroup(options, group));
  EXPECT_EQ(Values(EstimateAdvantages(options, {group}, {1.0})[0]), (std::vector<double>{-0.5, 0.5}));
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
  EXPECT_EQ(Advantages(OfType("rloo"), Group({0.7})), (std::vector<double>{0}));
}

TEST(ReinforcePpBaseline, CentresInTheGroupAndWhitensOverTokens) {
  // Centred: -0.5, 0.5 | 0, 0, of 1, 3 | 2, 2 tokens. Over the 8 tokens: mean (-0.5 + 1.5) / 8 = 0.125, squares 4 * 0.25 + 0 - 8 * 0.125^2.
  AdvantageGroup first = Group({0, 1}), second = Group({0.5, 0.5});
  first[1].num_tokens = 3;
  second[0].num_tokens = second[1].num_tokens = 2;
  const auto out = EstimateAdvantages(OfType("reinforce_pp_baseline"), {first, second}, {});
  const double deviation = std::sqrt((1 - 8 * 0.015625) / 8);
  EXPECT_NEAR(out[0][0].value, (-0.5 - 0.125) / deviation, 1e-6);
  EXPECT_NEAR(out[0][1].value, (0.5 - 0.125) / deviation, 1e-6);
  EXPECT_NEAR(out[1][0].value, -0.125 / deviation, 1e-6) << "a dead group is a part of the batch's mean";
}

TEST(ReinforcePp, NeedsNoSecondCompletionOfAPrompt) {
  const AdvantageOptions options = OfType("reinforce_pp");
  EXPECT_FALSE(IsDeadGroup(options, Group({0.3})));
  EXPECT_TRUE(IsDeadGroup(options, {}));
  const auto out = EstimateAdvantages(options, {Group({1}), Group({0}), Group({0.5})}, {});
  EXPECT_NEAR(out[0][0].value, 0.5 / std::sqrt(0.5 / 3), 1e-6);
  EXPECT_NEAR(out[2][0].value, 0, 1e-12);
}

nlohmann::json Golden() {
  std::ifstream file(TEMPER_SOURCE_DIR "/tests/golden/advantage_golden.json");
  return nlohmann::json::parse(file);
}

// The golden batch: two groups of two completions. beta: of the KL penalty in the reward, by k1; 0 = none.
std::vector<AdvantageGroup> GoldenGroups(const nlohmann::json& in, double beta) {
  std::vector<AdvantageGroup> groups(2);
  size_t token = 0;
  for (size_t i = 0; i < in["rewards"].size(); ++i) {
    AdvantageMember member{{in["rewards"][i].get<double>()}, in["lengths"][i].get<int64_t>()};
    for (int64_t t = 0; t < member.num_tokens; ++t, ++token) {
      if (beta > 0) member.token_rewards.push_back(-beta * (in["old"][token].get<double>() - in["reference"][token].get<double>()));
    }
    groups[in["groups"][i].get<size_t>()].push_back(member);
  }
  return groups;
}

TEST(Golden, EveryEstimatorEqualsItsSource) {
  const nlohmann::json golden = Golden();
  for (const nlohmann::json& c : golden["cases"]) {
    SCOPED_TRACE(c["name"].get<std::string>());
    AdvantageOptions options = OfType(c["type"], c["std_eps"]);
    options.std_form = c["std"] == "sample" ? StdForm::kSample : StdForm::kPopulation;
    options.scale = c["scale"] == "batch" ? AdvantageScale::kBatch : AdvantageScale::kGroup;
    const auto out = EstimateAdvantages(options, GoldenGroups(golden["inputs"], c["beta"]), {});
    const std::vector<double> expected = c["advantages"];
    size_t at = 0;
    for (size_t i = 0; i < 4; ++i) {
      const auto num_tokens = golden["inputs"]["lengths"][i].get<int64_t>();
      for (int64_t t = 0; t < num_tokens; ++t, ++at) EXPECT_NEAR(out[i / 2][i % 2].Of(t), expected.at(at), 1e-7) << i << " " << t;
    }
    EXPECT_EQ(at, expected.size());
  }
  EXPECT_GE(golden["cases"].size(), 9U);
}

// Two processes with a group each find what one finds with both.
TEST(Golden, ABatchInSharesHasTheSameEstimates) {
  const nlohmann::json in = Golden()["inputs"];
  for (const char* type : {"grpo", "reinforce_pp", "reinforce_pp_baseline"}) {
    AdvantageOptions options = OfType(type);
    options.scale = AdvantageScale::kBatch;
    const std::vector<AdvantageGroup> groups = GoldenGroups(in, 0.1);
    const auto whole = EstimateAdvantages(options, groups, {});
    // The sums of the whole batch, in the order in which an estimate asks for them.
    std::vector<std::vector<double>> sums;
    EstimateAdvantages(options, groups, {}, [&](std::span<double> values) { sums.emplace_back(values.begin(), values.end()); });
    for (size_t g = 0; g < 2; ++g) {
      size_t call = 0;
      const auto share = EstimateAdvantages(options, {groups[g]}, {}, [&](std::span<double> values) {
        std::copy(sums.at(call).begin(), sums.at(call).end(), values.begin());
        ++call;
      });
      for (size_t i = 0; i < 2; ++i)
        for (int64_t t = 0; t < groups[g][i].num_tokens; ++t) EXPECT_NEAR(share[0][i].Of(t), whole[g][i].Of(t), 1e-12) << type;
    }
  }
}

TEST(Advantages, LagrangianMixesPartsEstimatedByThemselves) {
  // Rewards 0, 1 -> -0.5, 0.5. Costs a: 1, 0 -> 0.5, -0.5; b: 0, 0 -> 0. lambda 2 and 1: A = (A_r - 2 A_a - A_b) / 4.
  const AdvantageGroup group{{{0, 1, 0}}, {{1, 0, 0}}};
  const auto out = Values(EstimateAdvantages(OfType("dr_grpo"), {group}, {2, 1})[0]);
  EXPECT_NEAR(out[0], (-0.5 - 2 * 0.5) / 4, 1e-12);
  EXPECT_NEAR(out[1], (0.5 + 2 * 0.5) / 4, 1e-12);
}

TEST(Advantages, AGroupWithVarianceInACostOnlyIsAlive) {
  const AdvantageGroup group{{{0.5, 1}}, {{0.5, 0}}};
  EXPECT_FALSE(IsDeadGroup({}, group));
  EXPECT_NEAR(EstimateAdvantages(OfType("dr_grpo"), {group}, {1})[0][0].value, -0.25, 1e-12);
}

TEST(Advantages, PenaltiesMakeEqualRewardsDiffer) {
  AdvantageGroup group = Group({0.5, 0.5});
  group[0].token_rewards = {-0.2};
  group[1].token_rewards = {0};
  EXPECT_TRUE(IsDeadGroup({}, group)) << "by its rewards";
  EXPECT_NEAR(EstimateAdvantages(OfType("dr_grpo"), {group}, {})[0][0].value, -0.1, 1e-12);
}

TEST(Advantages, PermutingMembersPermutesAdvantagesAndTheySumToZero) {
  const std::vector<double> rewards{0.1, 0.7, 0.3, 0.9, 0.3};
  const std::vector<size_t> order{3, 0, 4, 2, 1};
  for (const char* type : {"grpo", "dr_grpo", "rloo", "reinforce_pp", "reinforce_pp_baseline"}) {
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

TEST(Advantages, GroupsMixOnlyWhereTheBatchHasASay) {
  for (const char* type : {"grpo", "dr_grpo", "rloo"}) {
    const auto alone = Advantages(OfType(type), Group({0.1, 0.8}));
    const auto beside = EstimateAdvantages(OfType(type), {Group({0, 1, 1}), Group({0.1, 0.8})}, {});
    EXPECT_EQ(Values(beside[1]), alone) << type;
  }
}

TEST(DeadGroup, NeedsTwoMembersThatDiffer) {
  const AdvantageOptions options;
  EXPECT_TRUE(IsDeadGroup(options, {}));
  EXPECT_TRUE(IsDeadGroup(options, Group({1})));
  EXPECT_TRUE(IsDeadGroup(options, Group({0.3, 0.3, 0.3})));
  EXPECT_TRUE(IsDeadGroup(options, Group({0.3, 0.3 + 5e-7})));
  EXPECT_FALSE(IsDeadGroup(options, Group({0.3, 0.3 + 2e-6})));
}

TEST(Advantages, RefuseWhatMakesNoSense) {
  EXPECT_THROW(OfType("ppo"), ConfigError);
  EXPECT_THROW(EstimateAdvantages({}, {Group({0, 1})}, {1}), Error);
  EXPECT_THROW(EstimateAdvantages({}, {Group({0, std::numeric_limits<double>::infinity()})}, {}), Error);
  AdvantageGroup wrong = Group({0, 1});
  wrong[0].token_rewards = {0, 0};
  EXPECT_THROW(EstimateAdvantages({}, {wrong}, {}), Error);
  EXPECT_TRUE(EstimateAdvantages({}, {}, {}).empty());
}

}  // namespace
}  // namespace temper
