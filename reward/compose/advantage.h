#pragma once

#include <string>
#include <vector>

#include "reward/compose/composer.h"

namespace temper {

struct AdvantageType;
extern const AdvantageType kGrpoAdvantage;

struct AdvantageOptions {
  const AdvantageType* type = &kGrpoAdvantage;
  double std_eps = 0.05;   // added to the standard deviation (population form)
  double dead_eps = 1e-6;  // a group whose max - min of every part is below this has no gradient
};

void Describe(AdvantageOptions& options, ConfigFields& fields);

// One part (the reward, or one cost) of the usable members of a group, in member order; at least two of them.
using AdvantagePart = std::vector<double>;

// An advantage estimator: a constant of a file of its own and a line in reward/compose/advantages.inc.
struct AdvantageType {
  const char* name;  // rl.advantage.type
  const char* help;
  // Turns one part of every group of a step that is alive, maybe none, into advantages in place.
  void (*estimate)(const AdvantageOptions& options, std::vector<AdvantagePart>* groups);
};
const Registry<AdvantageType>& AdvantageEstimators();

// What estimators share: (value - mean) scale; the population standard deviation.
void CentreAndScale(double scale, AdvantagePart* values);
double PopulationStd(const AdvantagePart& values);

struct GroupAdvantages {
  std::vector<double> advantages;  // one per member; 0 for members that are not usable
  bool dead = false;               // zero variance, or fewer than two usable members
};

// Advantages of all groups of one step, by options.type.
// With costs: A = (A_r - sum lambda_k A_ck) / (1 + sum lambda_k), each part estimated by itself.
std::vector<GroupAdvantages> EstimateAdvantages(const AdvantageOptions& options, const std::vector<std::vector<RewardParts>>& groups,
                                                const std::vector<double>& lambdas);

// Whether a group gives no gradient under any estimator; decided as soon as it is graded, so that it can be replaced.
bool IsDeadGroup(const AdvantageOptions& options, const std::vector<RewardParts>& group);

}  // namespace temper
