#pragma once

#include <cstdint>

#include "cluster/config/fields.h"
#include "policy/model/options.h"
#include "rollout/engine/sampling_options.h"

namespace temper {

// Completions of one prompt, in training and in evaluation.
inline constexpr IntRange kSamplesPerPrompt{1, 4096};

// How the completions of RL are sampled, and with what.
struct RolloutConfig {
  int64_t group_size = 8;  // completions of a prompt, which advantages compare
  int64_t slots = 64;      // completions a worker decodes together
  ComputeType dtype = ComputeType::kFp32;
  bool cuda_graphs = true;
  SamplingOptions sampling;
};

void Describe(RolloutConfig& config, ConfigFields& fields);

}  // namespace temper
