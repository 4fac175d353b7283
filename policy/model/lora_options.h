#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace temper {

// Low-rank adapters (Hu et al., "LoRA", 2021) beside frozen weights.
struct LoraOptions {
  int64_t rank = 0;   // of an adapter; 0 = off, the weights themselves are trained
  double alpha = 16;  // an adapter's product counts alpha / rank
  uint64_t seed = 0;  // of fresh adapters
  std::vector<std::string> target_modules = {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"};

  bool enabled() const { return rank > 0; }
  double scale() const { return alpha / static_cast<double>(rank); }
};

// Whether every target is one of the seven projections of a decoder layer, none twice, and there is one.
bool AreLoraTargets(const std::vector<std::string>& target_modules);

}  // namespace temper
