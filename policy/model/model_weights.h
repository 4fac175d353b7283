#pragma once

#include <optional>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include "policy/model/lora.h"
#include "policy/model/named_tensors.h"
#include "policy/model/transformer_config.h"

namespace temper {

// Adapters of a fused matrix, each with the first of its rows that the adapter is on.
using AdaptedRows = std::vector<std::pair<LoraAdapter::Pair, int64_t>>;

// A layer's parameters as the forward uses them: query, key and value matrices are one, gate and up matrices are one. D hidden, H query
// heads, K key/value heads, C head dimension, F intermediate. Biases and head norms that the model does not have are undefined.
struct LayerWeights {
  at::Tensor attention_norm;  // [D]
  at::Tensor qkv;             // [(H + 2K) C, D]
  at::Tensor qkv_bias;        // [(H + 2K) C]
  at::Tensor q_norm, k_norm;  // [C]
  at::Tensor output;          // [D, H C]
  at::Tensor output_bias;     // [D]
  at::Tensor mlp_norm;        // [D]
  at::Tensor gate_up;         // [2F, D]
  at::Tensor gate_up_bias;    // [2F]
  at::Tensor down;            // [D, F]
  at::Tensor down_bias;       // [D]
  AdaptedRows qkv_pairs, output_pairs, gate_up_pairs, down_pairs;
};

struct ModelWeights {
  at::Tensor embedding;   // [V, D]
  at::Tensor final_norm;  // [D]
  at::Tensor output;      // [V, D], the embedding where they are tied
  std::optional<LoraAdapter::Pair> output_pair;
  std::vector<LayerWeights> layers;
};

// Views of `flat`, leaves with gradients in `grad` where that is defined; `parameters` (may be null) gets them one by one, in the
// layout's order, under their Hugging Face names.
ModelWeights BindWeights(const TransformerConfig& config, const at::Tensor& flat, const at::Tensor& grad, NamedTensors* parameters);

// Enters the adapter's pairs at the matrices they are on.
void BindAdapter(const TransformerConfig& config, const LoraAdapter& adapter, ModelWeights* weights);

}  // namespace temper
