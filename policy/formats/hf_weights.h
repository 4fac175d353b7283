#pragma once

#include <map>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "policy/formats/safetensors.h"
#include "policy/model/transformer_config.h"

namespace temper {

// The tensors of a Hugging Face folder by name, from model.safetensors or the shards that model.safetensors.index.json names; views of
// the mapped files. Every failure is a ConfigError that names file and tensor.
std::map<std::string, at::Tensor> MapHfWeights(const std::string& folder);

// Whether config.json's tie_word_embeddings holds for these tensors. As in transformers: an lm_head.weight of its own that differs from
// the embedding unties a checkpoint that says it is tied.
bool EmbeddingsAreTied(const TransformerConfig& config, const std::map<std::string, at::Tensor>& tensors);

// The tensors as the model's parameters, in its order: each there, floating and of the right shape, none too many but those that a pattern
// of `skip` names. A tied embedding may be stored under either name. `config` as LoadHfConfig gives it.
NamedTensors MatchParameters(const std::string& folder, const TransformerConfig& config, std::map<std::string, at::Tensor> tensors,
                             const std::vector<std::string>& skip);

}  // namespace temper
