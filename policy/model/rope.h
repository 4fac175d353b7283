#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace temper {

// How the angles of the rotary embedding are stretched beyond the length a model was first trained on.
struct RopeScaling {
  std::string type = "default";  // default | linear | llama3
  double factor = 1;             // linear, llama3: slowed by this
  double low_freq_factor = 1;    // llama3: wavelengths above original_max_positions / this are slowed in full,
  double high_freq_factor = 4;   // those below original_max_positions / this not at all, those between by interpolation
  int64_t original_max_positions = 0;

  bool operator==(const RopeScaling&) const = default;
};

// Radians per position of each pair i < head_dim / 2: theta^(-2 i / head_dim), stretched. In fp32 step by step, as transformers computes
// them: a frequency that differs in its last bit is off by a visible angle at a late position.
std::vector<float> RopeFrequencies(int64_t head_dim, double theta, const RopeScaling& scaling);

}  // namespace temper
