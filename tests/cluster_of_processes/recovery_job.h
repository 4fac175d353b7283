#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/cluster_of_processes/tiny_job.h"

namespace temper::testing {

// The run that is disturbed: more and longer RL steps than tiny.yaml has, so that there is a middle.
constexpr int64_t kRecoverySteps = 40;
constexpr int64_t kRecoverySftSteps = 300;
constexpr int64_t kRecoveryGroupSize = 8;

inline std::vector<std::string> RecoveryOverrides() {
  return {"rl.steps=" + std::to_string(kRecoverySteps), "rl.prompts_per_step=12",
          "rollout.group_size=" + std::to_string(kRecoveryGroupSize)};
}

// Final weights of that run on four ranks when nothing disturbs it; made once.
inline const std::string& UndisturbedWeights() {
  static const std::string weights = [] {
    TinyJob job("undisturbed", RecoveryOverrides());
    EXPECT_EQ(job.Run(4), 0);
    ExpectComplete(job, kRecoverySteps, kRecoveryGroupSize);
    return job.Weights();
  }();
  return weights;
}

}  // namespace temper::testing
