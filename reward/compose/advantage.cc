#include "reward/compose/advantage.h"

#include <algorithm>
#include <cmath>

#include "cluster/base/error.h"
#include "cluster/base/mean.h"

namespace temper {
namespace {

AdvantagePart PartOf(const std::vector<RewardParts>& group, size_t part) {
  AdvantagePart values;
  for (const RewardParts& member : group)
    if (member.usable) values.push_back(part == 0 ? member.reward : member.costs[part - 1]);
  return values;
}

void CheckInput(const std::vector<std::vector<RewardParts>>& groups, size_t num_costs) {
  for (const auto& group : groups)
    for (const RewardParts& member : group) {
      if (!member.usable) continue;
      TEMPER_CHECK(member.costs.size() == num_costs, "a member has ", member.costs.size(), " costs for ", num_costs, " lambdas");
      TEMPER_CHECK(std::isfinite(member.reward), "a usable member has a reward that is not finite");
      for (const double cost : member.costs) TEMPER_CHECK(std::isfinite(cost), "a usable member has a cost that is not finite");
    }
}

}  // namespace

void Describe(AdvantageOptions& c, ConfigFields& f) {
  f.Choice("type", &c.type, AdvantageEstimators(), "estimator");
  f.Real("std_eps", &c.std_eps, {0, 10}, "added to the standard deviation");
  f.Real("dead_eps", &c.dead_eps, {0, 1}, "a group whose rewards differ by less has no gradient");
  f.Rule([&c] { return c.std_eps > 0 || c.dead_eps > 0; },
         "rl.advantage.std_eps or rl.advantage.dead_eps must be above 0: equal rewards would be divided by their deviation, 0");
}

void CentreAndScale(double scale, AdvantagePart* values) {
  const double mean = Mean(*values);
  for (double& value : *values) value = (value - mean) * scale;
}

double PopulationStd(const AdvantagePart& values) {
  const double mean = Mean(values);
  double sum = 0;
  for (const double value : values) sum += (value - mean) * (value - mean);
  return std::sqrt(sum / static_cast<double>(values.size()));
}

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
    const AdvantagePart values = PartOf(group, part);
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    if (*high - *low >= options.dead_eps) return false;
  }
  return true;
}

std::vector<GroupAdvantages> EstimateAdvantages(const AdvantageOptions& options, const std::vector<std::vector<RewardParts>>& groups,
                                                const std::vector<double>& lambdas) {
  CheckInput(groups, lambdas.size());
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
    std::vector<AdvantagePart> values;
    values.reserve(alive.size());
    for (const size_t g : alive) values.push_back(PartOf(groups[g], part));
    options.type->estimate(options, &values);
    for (size_t i = 0; i < alive.size(); ++i) {
      size_t next = 0;
      for (size_t m = 0; m < groups[alive[i]].size(); ++m)
        if (groups[alive[i]][m].usable) out[alive[i]].advantages[m] += weight * values[i][next++];
    }
  }
  return out;
}

}  // namespace temper
