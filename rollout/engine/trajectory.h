#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace temper {

// One sampled completion. The vectors have one entry per completion token; the end-of-sequence token, when drawn, is the last.
struct Trajectory {
  std::vector<int32_t> tokens;
  // Of each token under the distribution it was drawn from (temperature, top-k, top-p, stop tokens withheld): what the loss uses.
  std::vector<float> logprobs;
  std::vector<float> policy_logprobs;  // under softmax(logits), equal to logprobs where that is what was sampled
  std::vector<int64_t> versions;       // weight version that drew it
  bool finished = false;               // false: stopped by max_new_tokens
};

// The G completions of one prompt.
struct TrajectoryGroup {
  uint64_t group_id = 0;
  std::vector<int32_t> prompt_tokens;
  std::vector<Trajectory> trajectories;
};

}  // namespace temper
