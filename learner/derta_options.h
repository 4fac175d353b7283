#pragma once

#include <cstdint>
#include <string>

#include "cluster/config/fields.h"

namespace temper {

// The section sft.derta (learner/derta.h); all off by default.
struct DertaOptions {
  double prefix_share = 0;  // of the demonstrations with an unsafe answer
  int64_t prefix_max_tokens = 64;
  double transition_weight = 0;   // w
  std::string transition_target;  // a text whose first token it is; "" = transition_target_id
  int64_t transition_target_id = -1;
  double transition_keep_rate = 0.05;

  bool has_prefix() const { return prefix_share > 0; }
  bool has_transition() const { return transition_weight > 0; }
  bool enabled() const { return has_prefix() || has_transition(); }
};

void Describe(DertaOptions& options, ConfigFields& fields);

}  // namespace temper
