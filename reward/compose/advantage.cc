#include "reward/compose/advantage.h"

#include <algorithm>
#include <cmath>

#include "cluster/base/error.h"
#include "cluster/base/mean.h"

namespace temper {
namespace {

// One part (the reward, or one cost) of the usable members of a group, in member order.
using Part = std::vector<double>;

// Population standard deviation.
double Std(const Part& values) {
  const double mean = Mean(values);
  double sum = 0;
  for (const double value : values) sum += (value - mean) * (value - mean);
  return std::sqrt(sum / static_cast<double>(values.size()));
}

Part PartOf(const std::vector<RewardParts>& group, size_t part) {
  Part values;
  for (const RewardParts& member : group)
    if (member.usable) values.push_back(part == 0 ? member.reward : member.costs[part - 1]);
  return values;
}

// Advantages of one part within its group; for reinforce_pp only centred, the batch divides later.
Part WithinGroup(const AdvantageOptions& options, Part values) {
  const double mean = Mean(values), n = static_cast<double>(values.size());
  double scale = 1;
  if (options.type == "grpo") scale = 1 / (Std(values) + options.std_eps);
  if (options.type == "rloo") scale = n / (n - 1);
  for (double& value : values) value = (value - mean) * scale;
  return values;
}

void CheckInput(const AdvantageOptions& options, const std::vector<std::vector<RewardParts>>& groups, size_t num_costs) {
  const auto& type = options.type;
  if (type != "grpo" && type != "dr_grpo" && type != "rloo" && type != "reinforce_pp")
    throw ConfigError(Concat("advantage type '", type, "' is not one of grpo, dr_grpo, rloo, reinforce_pp"));
  for (const auto& group : groups)
    for (const RewardParts& member : group) {
      if (!member.usable) continue;
      TEMPER_CHECK(member.costs.size() == num_costs, "a member has ", member.costs.size(), " costs for ", num_costs, " lambdas");
      TEMPER_CHECK(std::isfinite(member.reward), "a usable member has a reward that is not finite");
      for (const double cost : member.costs) TEMPER_CHECK(std::isfinite(cost), "a usable member has a cost that is not finite");
    }
}

// Divides one part by its standard deviation over all members of the batch (their mean is 0 already: every group is centred).
void DivideByBatchStd(double std_eps, std::vector<Part>* parts) {
  Part all;
  for (const Part& part : *parts) all.insert(all.end(), part.begin(), part.end());
  if (all.empty()) return;
  const double scale = 1 / (Std(all) + std_eps);
  for (Part& part : *parts)
    for (double& value : part) value *= scale;
}

}  // namespace

bool IsDeadGroup(const AdvantageOptions& options, const std::vector<RewardParts>& group) {
  size_t usable = 0, num_costs = 0;
  for (const RewardParts& member : group) {
    if (!member.usable) continue;
    TEMPER_CHECK(usable == 0 || member.costs.size() == num_costs, "members of one group with different numbers of costs");
    num_costs = member.costs.size();
    ++usable;
  }
  if (usable < 2) return true;
  for (size_t part = 0; part <= num_costs; ++part) {
    const Part values = PartOf(group, part);
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    if (*high - *low >= options.dead_eps) return false;
  }
  return true;
}

std::vector<GroupAdvantages> EstimateAdvantages(const AdvantageOptions& options, const std::vector<std::vector<RewardParts>>& groups,
                                                const std::vector<double>& lambdas) {
  CheckInput(options, groups, lambdas.size());
  std::vector<GroupAdvantages> out(groups.size());
  std::vector<size_t> alive;
  for (size_t g = 0; g < groups.size(); ++g) {
    out[g].advantages.assign(groups[g].size(), 0);
    out[g].dead = IsDeadGroup(options, groups[g]);
    if (!out[g].dead) alive.push_back(g);
  }
  double lambda_sum = 0;
  for (const double lambda : lambdas) lambda_sum += lambda;
  for (size_t part = 0; part <= lambdas.size(); ++part) {
    const double weight = (part == 0 ? 1 : -lambdas[part - 1]) / (1 + lambda_sum);
    std::vector<Part> values;
    values.reserve(alive.size());
    for (const size_t g : alive) values.push_back(WithinGroup(options, PartOf(groups[g], part)));
    if (options.type == "reinforce_pp") DivideByBatchStd(options.std_eps, &values);
    for (size_t i = 0; i < alive.size(); ++i) {
      size_t next = 0;
      for (size_t m = 0; m < groups[alive[i]].size(); ++m)
        if (groups[alive[i]][m].usable) out[alive[i]].advantages[m] += weight * values[i][next++];
    }
  }
  return out;
}

}  // namespace temper
