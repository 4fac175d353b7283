#include "policy/model/transformer_config.h"

#include <algorithm>
#include <cmath>

#include "cluster/base/error.h"
#include "policy/model/shape_limits.h"

namespace temper {
namespace {

[[noreturn]] void Refuse(const std::string& key, const std::string& why) { throw ConfigError(Concat("config.json: ", key, ": ", why)); }

template <typename Range, typename Value>
void CheckRange(const char* key, Value value, Range range) {
  if (!(value >= range.min && value <= range.max)) Refuse(key, Concat(value, " is outside ", range.min, "..", range.max));
}

void CheckSizes(const TransformerConfig& config) {
  CheckRange("vocab_size", config.vocab_size, kModelWidth);
  CheckRange("hidden_size", config.hidden_size, kModelWidth);
  CheckRange("intermediate_size", config.intermediate_size, kModelWidth);
  CheckRange("num_hidden_layers", config.num_layers, kModelLayers);
  CheckRange("num_attention_heads", config.num_heads, kModelHeads);
  CheckRange("num_key_value_heads", config.num_kv_heads, IntRange{1, config.num_heads});
  if (!AreHeadCounts(config.num_heads, config.num_kv_heads))
    Refuse("num_key_value_heads", Concat(config.num_kv_heads, " does not divide num_attention_heads ", config.num_heads));
  CheckRange("head_dim", config.head_dim, kHeadDim);
  if (!IsHeadDim(config.head_dim)) Refuse("head_dim", Concat(config.head_dim, " is odd; rotary positions need an even one"));
  CheckRange("max_position_embeddings", config.max_positions, kModelWidth);
}

void CheckYarn(const TransformerConfig& config) {
  const RopeScaling& scaling = config.rope_scaling;
  if (!(config.rope_theta > 1)) Refuse("rope_theta", Concat(config.rope_theta, " is not above 1, which rope type yarn needs"));
  CheckRange("rope beta_fast", scaling.beta_fast, kRopeFactor);
  CheckRange("rope beta_slow", scaling.beta_slow, kRopeFactor);
  CheckRange("rope attention_factor (given, or by factor, mscale and mscale_all_dim)", RopeAttentionFactor(scaling), kRopeFactor);
  if (!std::isfinite(scaling.mscale) || !std::isfinite(scaling.mscale_all_dim)) Refuse("rope mscale", "is not finite");
}

void CheckRope(const TransformerConfig& config) {
  CheckRange("rope_theta", config.rope_theta, kRopeTheta);
  const RopeScaling& scaling = config.rope_scaling;
  if (scaling.type == "default") return;
  const auto& known = RopeTypes();
  if (std::find(known.begin(), known.end(), scaling.type) == known.end())
    Refuse("rope_type", Concat("'", scaling.type, "' is not supported; known are ", ListOf(known)));
  CheckRange("rope factor", scaling.factor, kRopeFactor);
  if (scaling.type == "linear") return;
  if (scaling.type == "dynamic") {
    if (config.head_dim < 4) Refuse("head_dim", Concat(config.head_dim, " is too small for rope type dynamic, which needs 4"));
    return;
  }
  CheckRange("original_max_position_embeddings", scaling.original_max_positions, kModelWidth);
  if (scaling.type == "yarn") return CheckYarn(config);
  const bool ordered = scaling.low_freq_factor > 0 && scaling.high_freq_factor > scaling.low_freq_factor;
  if (!(ordered && std::isfinite(scaling.high_freq_factor)))
    Refuse("rope high_freq_factor", Concat(scaling.high_freq_factor, " must exceed low_freq_factor ", scaling.low_freq_factor, " > 0"));
}

void CheckFamily(const TransformerConfig& config) {
  const std::string& type = config.model_type;
  const std::vector<std::string>& known = ModelFamilies();
  if (std::find(known.begin(), known.end(), type) == known.end())
    Refuse("model_type", Concat("'", type, "' is not supported; known are ", ListOf(known)));
  const bool optional_bias = type == "llama" || type == "qwen3";
  if (type == "qwen2" && !config.qkv_bias) Refuse("attention_bias", "qwen2 always has query, key and value biases");
  if (config.qkv_bias && type == "mistral") Refuse("attention_bias", "mistral has no biases");
  if (config.output_bias != (optional_bias && config.qkv_bias))
    Refuse("attention_bias", Concat("the biases do not go together as in model_type ", type));
  if (config.mlp_bias && type != "llama") Refuse("mlp_bias", Concat("goes with model_type llama, not with ", type));
  if (config.qk_norm != (type == "qwen3")) Refuse("model_type", "normalised queries and keys go with model_type qwen3");
}

}  // namespace

std::string ListOf(const std::vector<std::string>& words) {
  std::string list;
  for (const std::string& word : words) list += (list.empty() ? "" : ", ") + word;
  return list;
}

const std::vector<std::string>& RopeTypes() {
  static const std::vector<std::string> kNames = {"default", "linear", "dynamic", "llama3", "yarn"};
  return kNames;
}

void CheckTransformerConfig(const TransformerConfig& config) {
  CheckFamily(config);
  CheckSizes(config);
  CheckRope(config);
  CheckRange("rms_norm_eps", config.rms_norm_eps, kRmsNormEps);
  if (!config.layer_windows.empty() && static_cast<int64_t>(config.layer_windows.size()) != config.num_layers)
    Refuse("layer_types", Concat("names ", config.layer_windows.size(), " layers, num_hidden_layers is ", config.num_layers));
  for (const int64_t window : config.layer_windows) CheckRange("sliding_window", window, IntRange{0});
  CheckRange("bos_token_id", config.bos_id, IntRange{-1, config.vocab_size - 1});
  CheckRange("pad_token_id", config.pad_id, IntRange{-1, config.vocab_size - 1});
  for (const int64_t id : config.eos_ids) CheckRange("eos_token_id", id, IntRange{0, config.vocab_size - 1});
  if (config.dtype != "float32" && config.dtype != "bfloat16" && config.dtype != "float16")
    Refuse("dtype", Concat("'", config.dtype, "' is not supported; known are float32, bfloat16, float16"));
}

}  // namespace temper
