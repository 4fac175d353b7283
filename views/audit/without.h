#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "record/audit_reader.h"
#include "reward/advantage/advantage.h"
#include "reward/compose/composer_options.h"
#include "reward/graders/combine.h"

namespace temper {

// How a job made advantages of what its graders said.
struct RewardSetup {
  std::vector<GraderConfig> graders;  // name, gives and steers count
  CombineOptions combine;
  ComposerOptions composer;
  AdvantageOptions advantage;
};

// An answer, and what it would have been worth.
struct Counterfactual {
  AuditRow row;
  double reward = 0;
  double advantage = 0;
};

struct WithoutGrader {
  int64_t answers = 0;
  int64_t flipped = 0;  // advantages that would have had the other sign
  double changed = 0;   // mean |difference of the advantages|
  double mean_reward = 0, mean_reward_without = 0;
  std::vector<Counterfactual> rows;  // those that change most, most first
};

// Recomputes the advantages of a trail as if the grader had not been there. It does so for the
// answers that were trained on, in their groups, each step by itself. The policy that drew them
// stays the one that had been trained with the grader. With all graders the recorded rewards and
// advantages must come out first. ConfigError where they do not: a composer with multipliers or
// labels that the trail cannot tell, an estimator that compares over groups that were not trained
// on. ConfigError, too, where the run had one grader, and for an unknown one or the only one that
// steers.
WithoutGrader RecomputeWithout(const std::string& path, const RewardSetup& setup, const std::string& grader, std::optional<int64_t> step,
                               size_t shown);

std::string WithoutText(const WithoutGrader& without, const std::string& grader);

}  // namespace temper
