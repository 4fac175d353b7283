#include "orchestrator/config/role_layout.h"

#include <array>

#include <gmock/gmock.h>

#include "cluster/base/error.h"

namespace temper {
namespace {

using testing::HasSubstr;

ClusterConfig Counts(int64_t learners, int64_t rollout, int64_t reward) {
  ClusterConfig config;
  config.learners = learners;
  config.rollout_workers = rollout;
  config.reward_workers = reward;
  return config;
}

std::array<int, 3> Layout(const ClusterConfig& config, int ranks) {
  const RoleLayout layout(config, ranks);
  EXPECT_EQ(layout.num_ranks(), ranks);
  return {layout.num_learners(), layout.num_rollout_workers(), layout.num_reward_workers()};
}

std::string Refusal(const ClusterConfig& config, int ranks) {
  try {
    RoleLayout layout(config, ranks);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

using Three = std::array<int, 3>;

TEST(RoleLayout, FillsOpenCounts) {
  EXPECT_EQ(Layout(Counts(0, 0, 0), 4), (Three{1, 1, 1}));
  EXPECT_EQ(Layout(Counts(0, 0, 0), 5), (Three{1, 2, 1}));  // the odd one samples
  EXPECT_EQ(Layout(Counts(0, 0, 0), 8), (Three{3, 3, 1}));
  EXPECT_EQ(Layout(Counts(0, 0, 0), 13), (Three{5, 5, 2}));  // a sixth of 12 grades
  EXPECT_EQ(Layout(Counts(2, 0, 0), 8), (Three{2, 4, 1}));
  EXPECT_EQ(Layout(Counts(0, 2, 1), 8), (Three{4, 2, 1}));
  EXPECT_EQ(Layout(Counts(2, 3, 0), 8), (Three{2, 3, 2}));
  EXPECT_EQ(Layout(Counts(2, 4, 1), 8), (Three{2, 4, 1}));
}

TEST(RoleLayout, EveryWorldIsFilledWithAtLeastOneOfEachRole) {
  for (int ranks = 4; ranks < 200; ++ranks) {
    for (const auto& config :
         {Counts(0, 0, 0), Counts(1, 0, 0), Counts(0, 1, 0), Counts(0, 0, 1), Counts(1, 1, 0), Counts(1, 0, 1), Counts(0, 1, 1)}) {
      const Three layout = Layout(config, ranks);
      EXPECT_EQ(1 + layout[0] + layout[1] + layout[2], ranks);
      for (const int count : layout) EXPECT_GE(count, 1) << ranks;
    }
  }
}

TEST(RoleLayout, RanksAreInTheOrderOfTheRoles) {
  const RoleLayout layout(Counts(2, 3, 1), 7);
  const Role expected[] = {Role::kOrchestrator, Role::kLearner, Role::kLearner, Role::kRollout,
                           Role::kRollout,      Role::kRollout, Role::kReward};
  const int index[] = {0, 0, 1, 0, 1, 2, 0};
  for (int rank = 0; rank < 7; ++rank) {
    EXPECT_EQ(layout.RoleOf(rank), expected[rank]) << rank;
    EXPECT_EQ(layout.IndexOf(rank), index[rank]) << rank;
  }
  EXPECT_EQ(RoleLayout(Counts(1, 1, 1), 4).Table({"a", "b"}),
            "  rank 0  orchestrator  on a\n  rank 1  learner 0  on b\n  rank 2  rollout 0\n  rank 3  reward 0\n");
}

TEST(RoleLayout, RefusesRanksThatDoNotFitNamingTheRightNumber) {
  EXPECT_EQ(
      Refusal(Counts(0, 0, 0), 3),
      "the job has 3 ranks, the config needs at least 4: 1 orchestrator, at least 1 learner, at least 1 rollout worker and at least 1 "
      "reward worker; start it with -n 4, or change cluster.learners, .rollout_workers, .reward_workers");
  EXPECT_THAT(Refusal(Counts(2, 0, 1), 4),
              HasSubstr("at least 5: 1 orchestrator, 2 learners, at least 1 rollout worker and 1 reward worker;"));
  EXPECT_THAT(Refusal(Counts(2, 2, 2), 6), HasSubstr("exactly 7: 1 orchestrator, 2 learners, 2 rollout workers and 2 reward workers;"));
  EXPECT_THAT(Refusal(Counts(2, 2, 2), 8), HasSubstr("start it with -n 7"));
  EXPECT_THAT(Refusal(Counts(0, 0, 0), 1), HasSubstr("the job has 1 rank, "));
  EXPECT_EQ(Refusal(Counts(2, 2, 2), 7), "");
}

TEST(RoleLayout, SaysHowManyRanksAConfigAsksFor) {
  EXPECT_EQ(RoleLayout::RanksFor(Counts(0, 0, 0)), 4);
  EXPECT_EQ(RoleLayout::RanksFor(Counts(2, 0, 3)), 7);
}

}  // namespace
}  // namespace temper
