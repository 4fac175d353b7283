#pragma once

#include <array>
#include <cstdint>

#include "cluster/config/fields.h"

namespace temper {

struct WorldOptions {
  uint64_t seed = 1;  // no setting of a job: run.seed
  int64_t train_prompts_per_intent = 4000;
  int64_t eval_prompts_per_intent = 120;  // of each evaluation split
  int64_t demonstrations = 8000;
  double permitted_dual_use = 0.11;  // share of purposeless requests that ask only for what the policy permits
};

void Describe(WorldOptions& options, ConfigFields& fields);

// An evaluation set of the world: its prompts are in prompts_<file>.jsonl.
struct WorldEvalSet {
  const char* name;
  const char* file;
  bool by_default;  // evaluated where a config names no sets: dev is for choosing settings
};
inline constexpr std::array<WorldEvalSet, 4> kWorldEvalSets{{{"dev", "dev", false},
                                                             {"held_out_topics", "test", true},
                                                             {"held_out_phrasings", "phrasings", true},
                                                             {"past_tense", "past_tense", true}}};

}  // namespace temper
