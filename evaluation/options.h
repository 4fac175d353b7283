#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cluster/config/fields.h"

namespace temper {

struct EvalConfig {
  std::vector<std::string> sets;  // empty = all, of the built-in world all but dev
  int64_t samples_per_prompt = 4;
  int64_t prompts_per_set = 0;  // 0 = all
  double temperature = 1.0;     // 0 = greedy
  bool at_start = true;
  int64_t every = 0;                    // RL steps between evaluations during training; 0 = none
  int64_t every_prompts = 20;           // of each intent of a set, in those
  std::vector<std::string> every_sets;  // of those; empty = the first set
};

void Describe(EvalConfig& config, ConfigFields& fields);

}  // namespace temper
