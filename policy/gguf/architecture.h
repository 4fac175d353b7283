#pragma once

#include <string>
#include <string_view>

#include "policy/gguf/container.h"

namespace temper {

// A model family as GGUF files name it.
struct GgufArchitecture {
  const char* name = "";        // general.architecture, and the beginning of the keys of its settings
  const char* model_type = "";  // as config.json names it
  // Rows of query and key projections are stored in the order of llama.cpp's rotary positions, which turn neighbours; Hugging Face's turn
  // the halves of a head.
  bool turns_neighbours = false;

  std::string Key(std::string_view setting) const { return std::string(name) + "." + std::string(setting); }
};

// The architecture that the file names. ConfigError where it is not supported.
const GgufArchitecture& ArchitectureOf(const GgufMetadata& metadata);

// "blk.3.attn_q.weight" -> "model.layers.3.self_attn.q_proj.weight"; "" where a model of these families has no such tensor.
std::string HfNameOf(std::string_view gguf_name);

}  // namespace temper
