#pragma once

#include <string>
#include <utility>
#include <vector>

#include "policy/model/lora_options.h"

namespace temper {

// A case of tests/golden/lora_golden.py. One whose base ties the output projection that it adapts is of the untied base.
struct GoldenLora {
  std::string name;
  std::string base;  // of tests/golden/transformer
  LoraOptions options;

  std::string folder() const { return std::string(TEMPER_SOURCE_DIR) + "/tests/golden/lora/" + name; }
  std::string base_folder() const { return std::string(TEMPER_SOURCE_DIR) + "/tests/golden/transformer/" + base; }
};

inline std::vector<GoldenLora> GoldenLoras() {
  return {{"qwen2_all", "qwen2_sharded", {.rank = 4, .alpha = 8}},
          {"qwen3_attention", "qwen3", {.rank = 2, .alpha = 5, .target_modules = {"q_proj", "v_proj", "o_proj"}}},
          {"llama_bf16_rslora", "llama3", {.rank = 3, .alpha = 6, .rslora = true, .target_modules = {"k_proj", "up_proj", "down_proj"}}},
          {"tied_head", "qwen3", {.rank = 2, .alpha = 4, .target_modules = {"q_proj", "lm_head"}}}};
}

// Those that are merged: the same, and what Temper does not train.
inline std::vector<GoldenLora> MergedLoras() {
  std::vector<GoldenLora> all = GoldenLoras();
  for (const auto& [name, base] : {std::pair{"patterns", "qwen2_sharded"},
                                   {"patterns_rslora_head", "qwen2_sharded"},
                                   {"saved_modules", "llama"},
                                   {"tied_saved_embedding", "qwen3"},
                                   {"tied_saved_head", "qwen3"}})
    all.push_back({name, base, {}});
  return all;
}

}  // namespace temper
