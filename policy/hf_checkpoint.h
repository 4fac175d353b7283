#pragma once

#include <string>

#include "policy/transformer.h"

namespace temper {

// A Hugging Face folder: config.json, model.safetensors (fp32; or shards with an index when reading; BF16, F16 and F32 are read),
// tokenizer.json, tokenizer_config.json, generation_config.json. Every failure is a ConfigError that names file and tensor.
Transformer LoadHfModel(const std::string& folder);
TransformerConfig LoadHfConfig(const std::string& folder);

// Writes the folder whole under a temporary name and renames it; an existing one is replaced. `tokenizer_json` goes in as it is; "" leaves
// the tokenizer's files out.
void SaveHfModel(const Transformer& model, const std::string& tokenizer_json, const std::string& folder);

}  // namespace temper
