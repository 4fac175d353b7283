#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cluster/config/fields.h"
#include "rollout/engine/first_token_gate.h"

namespace temper {

// How a completion is drawn, and where it ends. Training and evaluation share the settings of rollout.*; evaluation has a temperature of
// its own, eval.temperature. Text for people is sampled by options of the command line.
struct SamplingOptions {
  double temperature = 1.0;  // 0 = greedy
  int64_t top_k = 0;         // 0 = off
  double top_p = 1.0;        // 1 = off
  int64_t max_new_tokens = 48;
  int64_t min_new_tokens = 0;          // stop tokens cannot be drawn before this many, stop strings that end before are passed over
  std::vector<int64_t> stop_ids = {};  // no setting: the model's
  // A completion whose text comes to hold one of these ends with the token that completed it, which is kept.
  std::vector<std::string> stop_strings = {};
  FirstTokenGate gate = {};  // no setting: of the prompt's category (rollout.first_token_gate)
};

void Describe(SamplingOptions& options, ConfigFields& fields);

// Refuses options that no completion can be sampled with. Throws ConfigError naming the key, below `section`; empty = the option's name
// alone, for options that come from no config.
void CheckSamplingOptions(const SamplingOptions& options, int64_t vocab_size, const std::string& section = "rollout");

}  // namespace temper
