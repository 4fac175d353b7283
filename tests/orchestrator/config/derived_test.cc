#include "orchestrator/config/derived.h"

#include <gtest/gtest.h>

#include "cluster/host/cores.h"

namespace temper {
namespace {

TEST(LearnerOptionsOf, ThreadsAreTheCoresUnlessANumberIsSet) {
  ExperimentConfig config;
  config.policy.lora.rank = 4;
  EXPECT_EQ(LearnerOptionsOf(config, 1).threads, ShareOfCores(UsableCores(), 1, false));
  EXPECT_EQ(LearnerOptionsOf(config, 1000).threads, 1) << "many learners of a host";
  config.rl.max_staleness = 1;
  EXPECT_EQ(LearnerOptionsOf(config, 1).threads, ShareOfCores(UsableCores(), 1, true)) << "rollouts are drawn at the same time";
  config.cluster.learner_threads = 3;
  EXPECT_EQ(LearnerOptionsOf(config, 1000).threads, 3);
}

}  // namespace
}  // namespace temper
