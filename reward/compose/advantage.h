#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reward/compose/composer.h"

namespace temper {

struct AdvantageOptions {
  std::string type = "grpo";  // grpo | dr_grpo | rloo | reinforce_pp
  double std_eps = 0.05;      // added to the standard deviation (population form)
  double dead_eps = 1e-6;     // a group whose max - min of every part is below this has no gradient
};

struct GroupAdvantages {
  std::vector<double> advantages;  // one per member; 0 for members that are not usable
  bool dead = false;               // zero variance, or fewer than two usable members
};

// Advantages of all groups of one step (algorithms.md table; GRPO arXiv 2402.03300, Dr. GRPO 2503.20783, RLOO 2402.14740,
// REINFORCE++-baseline 2501.03262: group mean subtracted, then divided by the standard deviation over the whole batch).
// With costs: A = (A_r - sum lambda_k A_ck) / (1 + sum lambda_k), each part estimated by itself.
std::vector<GroupAdvantages> EstimateAdvantages(const AdvantageOptions& options, const std::vector<std::vector<RewardParts>>& groups,
                                                const std::vector<double>& lambdas);

// Whether a group gives no gradient under any estimator; decided as soon as it is graded, so that it can be replaced.
bool IsDeadGroup(const AdvantageOptions& options, const std::vector<RewardParts>& group);

}  // namespace temper
