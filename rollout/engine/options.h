#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "cluster/config/fields.h"
#include "policy/model/options.h"
#include "rollout/engine/sampling_options.h"

namespace temper {

// Completions of one prompt, in training and in evaluation.
inline constexpr IntRange kSamplesPerPrompt{1, 4096};

// A rule of the gate: of the token, for the prompts of a category or for all.
struct GateEntry {
  std::string token;      // a name of policy.mode_tokens or policy.category_tokens
  std::string category;   // of prompts; "" = all, where no entry of the token names theirs
  double threshold = -1;  // below 0 = none
  double bias = 0;
};
void Describe(GateEntry& entry, ConfigFields& fields);

// How the completions of RL are sampled, and with what.
struct RolloutConfig {
  int64_t group_size = 8;  // completions of a prompt, which advantages compare
  int64_t slots = 64;      // completions a worker decodes together
  ComputeType dtype = ComputeType::kFp32;
  bool cuda_graphs = true;
  std::deque<GateEntry> first_token_gate;  // empty = none; its addresses are the fields'
  SamplingOptions sampling;
};

void Describe(RolloutConfig& config, ConfigFields& fields);

}  // namespace temper
