#pragma once

#include <cstdint>
#include <vector>

#include "rollout/engine/sampling_options.h"

namespace temper {

// `num_samples` completions of one prompt. Completion i draws its token at position t with UniformAt({seed, step, prompt_key, i}, t).
struct GenerationRequest {
  uint64_t group_id = 0;
  uint64_t seed = 0;
  uint64_t step = 0;
  uint64_t prompt_key = 0;
  std::vector<int32_t> prompt_tokens;
  int64_t num_samples = 1;
  SamplingOptions sampling;
};

}  // namespace temper
