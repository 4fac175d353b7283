#include "policy/model/parameter_layout.h"

#include "cluster/base/error.h"

namespace temper {

FlatLayout ParameterLayout(const TransformerConfig& config) {
  const TransformerConfig& c = config;
  FlatLayout layout;
  const int64_t query = c.num_heads * c.head_dim;
  const int64_t key = c.num_kv_heads * c.head_dim;
  layout.Add("model.embed_tokens.weight", {c.vocab_size, c.hidden_size});
  for (int64_t i = 0; i < c.num_layers; ++i) {
    const std::string at = Concat("model.layers.", i, ".");
    layout.Add(at + "input_layernorm.weight", {c.hidden_size});
    layout.Add(at + "self_attn.q_proj.weight", {query, c.hidden_size});
    layout.Add(at + "self_attn.k_proj.weight", {key, c.hidden_size});
    layout.Add(at + "self_attn.v_proj.weight", {key, c.hidden_size});
    if (c.qkv_bias) {
      layout.Add(at + "self_attn.q_proj.bias", {query});
      layout.Add(at + "self_attn.k_proj.bias", {key});
      layout.Add(at + "self_attn.v_proj.bias", {key});
    }
    if (c.qk_norm) {
      layout.Add(at + "self_attn.q_norm.weight", {c.head_dim});
      layout.Add(at + "self_attn.k_norm.weight", {c.head_dim});
    }
    layout.Add(at + "self_attn.o_proj.weight", {c.hidden_size, query});
    if (c.output_bias) layout.Add(at + "self_attn.o_proj.bias", {c.hidden_size});
    layout.Add(at + "post_attention_layernorm.weight", {c.hidden_size});
    layout.Add(at + "mlp.gate_proj.weight", {c.intermediate_size, c.hidden_size});
    layout.Add(at + "mlp.up_proj.weight", {c.intermediate_size, c.hidden_size});
    if (c.mlp_bias) {
      layout.Add(at + "mlp.gate_proj.bias", {c.intermediate_size});
      layout.Add(at + "mlp.up_proj.bias", {c.intermediate_size});
    }
    layout.Add(at + "mlp.down_proj.weight", {c.hidden_size, c.intermediate_size});
    if (c.mlp_bias) layout.Add(at + "mlp.down_proj.bias", {c.hidden_size});
  }
  layout.Add("model.norm.weight", {c.hidden_size});
  if (!c.tie_embeddings) layout.Add("lm_head.weight", {c.vocab_size, c.hidden_size});
  return layout;
}

std::vector<std::pair<std::string, std::vector<int64_t>>> ParameterShapes(const TransformerConfig& config) {
  const FlatLayout layout = ParameterLayout(config);
  std::vector<std::pair<std::string, std::vector<int64_t>>> shapes;
  for (const FlatLayout::Slot& slot : layout.slots()) shapes.emplace_back(slot.name, slot.shape);
  return shapes;
}

}  // namespace temper
