#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace temper {

struct SamplingOptions {
  double temperature = 1.0;  // 0 = greedy
  int64_t top_k = 0;         // 0 = off
  double top_p = 1.0;        // 1 = off
  int64_t max_new_tokens = 48;
  int64_t min_new_tokens = 0;  // stop tokens cannot be drawn before this many, stop strings that end before are passed over
  std::vector<int64_t> stop_ids = {};
  // A completion whose text comes to hold one of these ends with the token that completed it, which is kept.
  std::vector<std::string> stop_strings = {};
};

}  // namespace temper
