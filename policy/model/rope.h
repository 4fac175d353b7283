#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace temper {

// How the angles of the rotary embedding are stretched beyond the length a model was first trained on.
struct RopeScaling {
  std::string type = "default";        // default | linear | dynamic | llama3 | yarn
  double factor = 1;                   // slowed by this; dynamic: beyond max_positions only, which no sequence here is
  double low_freq_factor = 1;          // llama3: wavelengths above original_max_positions / this are slowed in full,
  double high_freq_factor = 4;         // those below original_max_positions / this not at all, those between by interpolation
  int64_t original_max_positions = 0;  // llama3, yarn
  double beta_fast = 32;               // yarn: pairs that turn more often than this within original_max_positions are not slowed,
  double beta_slow = 1;                // those that turn less often than this are slowed in full, those between by interpolation
  bool truncate = true;                // yarn: the bounds between them are rounded outwards to whole pairs
  double attention_factor = 0;         // yarn: what cosines and sines are multiplied with; 0 = by factor, mscale and mscale_all_dim
  double mscale = 0;                   // yarn: 0 = none given
  double mscale_all_dim = 0;

  bool operator==(const RopeScaling&) const = default;
};

// Radians per position of each pair i < head_dim / 2: theta^(-2 i / head_dim), stretched. In fp32 step by step, as transformers computes
// them: a frequency that differs in its last bit is off by a visible angle at a late position.
std::vector<float> RopeFrequencies(int64_t head_dim, double theta, const RopeScaling& scaling);

// What the cosines and sines of the angles are multiplied with: 1 but for yarn.
double RopeAttentionFactor(const RopeScaling& scaling);

}  // namespace temper
