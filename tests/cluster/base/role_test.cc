#include "cluster/base/role.h"

#include <gtest/gtest.h>

namespace temper {
namespace {

TEST(Role, APeersRoleIsTheSameTextBothWays) {
  EXPECT_EQ(ToString(PeerRole(Role::kRollout)), "rollout");
  EXPECT_EQ(ToString(PeerRole(Role::kLearner, 12)), "learner/12");
  for (const PeerRole& role :
       {PeerRole(Role::kRollout), PeerRole(Role::kReward), PeerRole(Role::kLearner, 0), PeerRole(Role::kLearner, 12)})
    EXPECT_EQ(ParsePeerRole(ToString(role)), role);
}

TEST(Role, WhatNamesNoPeerIsNone) {
  for (const char* text :
       {"", "orchestrator", "learner", "learner/", "learner/-1", "learner/1x", "learner/99999999999", "rollout/0", "grader"})
    EXPECT_FALSE(ParsePeerRole(text)) << text;
}

TEST(Role, ListsPutTheOrchestratorFirstAndUnknownNamesLast) {
  EXPECT_LT(OrderOf("orchestrator"), OrderOf("learner"));
  EXPECT_LT(OrderOf("learner"), OrderOf("rollout"));
  EXPECT_LT(OrderOf("rollout"), OrderOf("reward"));
  EXPECT_LT(OrderOf("reward"), OrderOf("someone"));
}

}  // namespace
}  // namespace temper
