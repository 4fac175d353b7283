#pragma once

#include <string>
#include <vector>

#include "orchestrator/config/trust_options.h"
#include "reward/spec/policy_spec.h"
#include "rollout/data/prompt.h"

namespace temper {

// An answer that people called harmful or not.
struct GoldAnswer {
  Prompt prompt;
  std::string response;
  bool harmful = false;
};

struct GoldAnswers {
  std::vector<GoldAnswer> answers;
  std::string hash;  // of the rows
};

// Baselines are taken over all rows, so these are few.
inline constexpr size_t kMaxGoldAnswers = 10'000;

// Nothing where config.path is empty. Throws ConfigError naming file and line: an unreadable row, an unknown label or category, more than
// kMaxGoldAnswers.
GoldAnswers LoadGold(const GoldConfig& config, const PolicySpec& spec);

}  // namespace temper
