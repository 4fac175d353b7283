// TransformerConfig to config.json.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "policy/model/transformer_config.h"

namespace temper {
namespace {

using OrderedJson = nlohmann::ordered_json;

std::string Architecture(const std::string& type) {
  const char* family = type == "llama" ? "Llama" : type == "qwen2" ? "Qwen2" : type == "qwen3" ? "Qwen3" : "Mistral";
  return std::string(family) + "ForCausalLM";
}

OrderedJson IdOrNull(int64_t id) { return id < 0 ? OrderedJson() : OrderedJson(id); }

OrderedJson EosJson(const std::vector<int64_t>& ids) {
  if (ids.empty()) return nullptr;
  return ids.size() == 1 ? OrderedJson(ids[0]) : OrderedJson(ids);
}

void WriteRope(const TransformerConfig& config, OrderedJson* root) {
  const RopeScaling& scaling = config.rope_scaling;
  OrderedJson settings = {{"rope_type", scaling.type}};
  if (scaling.type != "default") settings["factor"] = scaling.factor;
  if (scaling.type == "llama3") {
    settings["low_freq_factor"] = scaling.low_freq_factor;
    settings["high_freq_factor"] = scaling.high_freq_factor;
  }
  if (scaling.type == "yarn") {
    settings["beta_fast"] = scaling.beta_fast;
    settings["beta_slow"] = scaling.beta_slow;
    if (!scaling.truncate) settings["truncate"] = false;
    for (const auto& [key, value] :
         {std::pair{"attention_factor", scaling.attention_factor}, {"mscale", scaling.mscale}, {"mscale_all_dim", scaling.mscale_all_dim}})
      if (value != 0) settings[key] = value;
  }
  if (scaling.original_max_positions > 0) settings["original_max_position_embeddings"] = scaling.original_max_positions;
  (*root)["rope_theta"] = config.rope_theta;
  if (scaling.type != "default") (*root)["rope_scaling"] = settings;
  settings["rope_theta"] = config.rope_theta;
  (*root)["rope_parameters"] = settings;
}

void WriteWindows(const TransformerConfig& config, OrderedJson* root) {
  const auto& windows = config.layer_windows;
  const bool mistral = config.model_type == "mistral";
  if (!mistral && config.model_type != "llama") (*root)["use_sliding_window"] = !windows.empty();
  if (mistral) (*root)["sliding_window"] = windows.empty() ? OrderedJson() : OrderedJson(windows[0]);
  if (mistral || windows.empty()) return;
  (*root)["sliding_window"] = *std::max_element(windows.begin(), windows.end());
  for (const int64_t window : windows) (*root)["layer_types"].push_back(window > 0 ? "sliding_attention" : "full_attention");
}

OrderedJson KnownKeys(const TransformerConfig& config) {
  OrderedJson root;
  root["architectures"] = {Architecture(config.model_type)};
  root["model_type"] = config.model_type;
  root["vocab_size"] = config.vocab_size;
  root["hidden_size"] = config.hidden_size;
  root["intermediate_size"] = config.intermediate_size;
  root["num_hidden_layers"] = config.num_layers;
  root["num_attention_heads"] = config.num_heads;
  root["num_key_value_heads"] = config.num_kv_heads;
  root["head_dim"] = config.head_dim;
  root["max_position_embeddings"] = config.max_positions;
  root["rms_norm_eps"] = config.rms_norm_eps;
  WriteRope(config, &root);
  root["tie_word_embeddings"] = config.tie_embeddings;
  root["hidden_act"] = "silu";
  root["attention_dropout"] = 0.0;
  root["initializer_range"] = config.initializer_range;
  root["use_cache"] = true;
  if (config.model_type == "llama" || config.model_type == "qwen3") root["attention_bias"] = config.output_bias;
  if (config.model_type == "llama") root["mlp_bias"] = config.mlp_bias;
  WriteWindows(config, &root);
  root["bos_token_id"] = IdOrNull(config.bos_id);
  root["pad_token_id"] = IdOrNull(config.pad_id);
  root["eos_token_id"] = EosJson(config.eos_ids);
  return root;
}

}  // namespace

std::string ToConfigJson(const TransformerConfig& config) {
  CheckTransformerConfig(config);
  OrderedJson root = KnownKeys(config);
  if (!config.other_keys.empty()) root.update(OrderedJson::parse(config.other_keys));
  root["dtype"] = config.dtype;
  root["torch_dtype"] = config.dtype;
  return root.dump(2) + "\n";
}

}  // namespace temper
