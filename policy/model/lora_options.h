#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "cluster/config/fields.h"

namespace temper {

// What an adapter's product counts.
inline double LoraScale(double alpha, int64_t rank, bool rslora) {
  const auto ranks = static_cast<double>(rank);
  return alpha / (rslora ? std::sqrt(ranks) : ranks);
}

// Low-rank adapters (Hu et al., "LoRA", 2021) beside frozen weights.
struct LoraOptions {
  int64_t rank = 0;           // of an adapter; 0 = off, the weights themselves are trained
  double alpha = 16;          // an adapter's product counts alpha / rank,
  bool rslora = false;        // or alpha / sqrt(rank) (Kalajdzievski, "Rank stabilization", 2023)
  uint64_t seed = 0;          // of fresh adapters; no setting: run.seed
  bool write_merged = false;  // whether a run writes the merged model, too
  std::vector<std::string> target_modules = {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"};

  bool enabled() const { return rank > 0; }
  // Whether the output projection gets one, which then parts from an embedding that it is tied to, as with PEFT.
  bool adapts_output() const {
    return enabled() && std::find(target_modules.begin(), target_modules.end(), kOutputModule) != target_modules.end();
  }
  static constexpr const char* kOutputModule = "lm_head";
  double scale() const { return LoraScale(alpha, rank, rslora); }
};

// Targets are some of the seven projections of a decoder layer and the output projection, none twice.
void Describe(LoraOptions& options, ConfigFields& fields);

}  // namespace temper
