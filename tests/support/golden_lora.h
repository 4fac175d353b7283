#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "policy/model/lora_options.h"

namespace temper {

// A case of tests/golden/lora_golden.py.
struct GoldenLora {
  std::string name;
  std::string base;  // of tests/golden/transformer
  LoraOptions options;

  std::string folder() const { return std::string(TEMPER_SOURCE_DIR) + "/tests/golden/lora/" + name; }
  std::string base_folder() const { return std::string(TEMPER_SOURCE_DIR) + "/tests/golden/transformer/" + base; }
};

inline std::vector<GoldenLora> GoldenLoras() {
  // alpha / rank of the last is the 6 / sqrt(3) of rank-stabilized LoRA.
  return {{"qwen2_all", "qwen2_sharded", {.rank = 4, .alpha = 8}},
          {"qwen3_attention", "qwen3", {.rank = 2, .alpha = 5, .target_modules = {"q_proj", "v_proj", "o_proj"}}},
          {"llama_bf16_rslora", "llama3", {.rank = 3, .alpha = 6 * std::sqrt(3.0), .target_modules = {"k_proj", "up_proj", "down_proj"}}}};
}

}  // namespace temper
