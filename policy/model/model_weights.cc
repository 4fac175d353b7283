#include "policy/model/model_weights.h"

#include <string>

#include "cluster/base/error.h"
#include "policy/model/parameter_layout.h"

namespace temper {

ModelWeights BindWeights(const TransformerConfig& config, const at::Tensor& flat, const at::Tensor& grad, NamedTensors* parameters) {
  ModelWeights weights;
  weights.layers.resize(static_cast<size_t>(config.num_layers));
  const int64_t width = (config.num_heads + 2 * config.num_kv_heads) * config.head_dim;
  int64_t layer = -1;
  const FlatLayout layout = ParameterLayout(config);
  for (const FlatLayout::Slot& slot : layout.slots()) {
    const auto fused = [&](at::IntArrayRef shape) { return FlatLeaf(flat, grad, slot.offset, shape); };
    const auto is = [&](const char* ending) { return slot.name.ends_with(ending); };
    const at::Tensor leaf = fused(slot.shape);
    if (parameters != nullptr) parameters->emplace_back(slot.name, leaf);
    if (is("embed_tokens.weight")) weights.embedding = leaf;
    if (slot.name == "model.norm.weight") weights.final_norm = leaf;
    if (slot.name == "lm_head.weight") weights.output = leaf;
    if (is("input_layernorm.weight")) weights.layers.at(static_cast<size_t>(++layer)).attention_norm = leaf;
    if (layer < 0) continue;
    LayerWeights& l = weights.layers[static_cast<size_t>(layer)];
    if (is("q_proj.weight")) l.qkv = fused({width, config.hidden_size});
    if (is("q_proj.bias")) l.qkv_bias = fused({width});
    if (is("q_norm.weight")) l.q_norm = leaf;
    if (is("k_norm.weight")) l.k_norm = leaf;
    if (is("o_proj.weight")) l.output = leaf;
    if (is("o_proj.bias")) l.output_bias = leaf;
    if (is("post_attention_layernorm.weight")) l.mlp_norm = leaf;
    if (is("gate_proj.weight")) l.gate_up = fused({2 * config.intermediate_size, config.hidden_size});
    if (is("gate_proj.bias")) l.gate_up_bias = fused({2 * config.intermediate_size});
    if (is("down_proj.weight")) l.down = leaf;
    if (is("down_proj.bias")) l.down_bias = leaf;
  }
  if (config.tie_embeddings) weights.output = weights.embedding;
  return weights;
}

void BindAdapter(const TransformerConfig& config, const LoraAdapter& adapter, ModelWeights* weights) {
  const int64_t query = config.num_heads * config.head_dim;
  const int64_t key = config.num_kv_heads * config.head_dim;
  for (const LoraAdapter::Pair& pair : adapter.pairs()) {
    if (pair.target == "lm_head.weight") {
      weights->output_pair = pair;
      continue;
    }
    LayerWeights& l = weights->layers.at(std::stoul(pair.target.substr(std::string("model.layers.").size())));
    const auto is = [&](const char* module) { return pair.target.ends_with(Concat(".", module, ".weight")); };
    if (is("q_proj")) l.qkv_pairs.emplace_back(pair, 0);
    if (is("k_proj")) l.qkv_pairs.emplace_back(pair, query);
    if (is("v_proj")) l.qkv_pairs.emplace_back(pair, query + key);
    if (is("o_proj")) l.output_pairs.emplace_back(pair, 0);
    if (is("gate_proj")) l.gate_up_pairs.emplace_back(pair, 0);
    if (is("up_proj")) l.gate_up_pairs.emplace_back(pair, config.intermediate_size);
    if (is("down_proj")) l.down_pairs.emplace_back(pair, 0);
  }
}

}  // namespace temper
