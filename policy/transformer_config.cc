#include "policy/transformer_config.h"

#include <cmath>

#include <nlohmann/json.hpp>

#include "cluster/error.h"

namespace temper {
namespace {

using Json = nlohmann::json;

// Bounds that keep every product of two sizes inside int64 and a hostile file from asking for absurd memory.
constexpr int64_t kMaxSize = int64_t{1} << 24;
constexpr int64_t kMaxLayers = 1024;

[[noreturn]] void Refuse(const std::string& key, const std::string& why) { throw ConfigError(Concat("config.json: ", key, ": ", why)); }

const Json* Find(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

int64_t IntAt(const Json& object, const char* key) {
  const Json* value = Find(object, key);
  if (value == nullptr) Refuse(key, "missing");
  if (!value->is_number_integer()) Refuse(key, Concat("expected a whole number, found ", value->dump()));
  return value->get<int64_t>();
}
int64_t IntOr(const Json& object, const char* key, int64_t absent) { return Find(object, key) ? IntAt(object, key) : absent; }

double RealOr(const Json& object, const char* key, double absent) {
  const Json* value = Find(object, key);
  if (value == nullptr) return absent;
  if (!value->is_number()) Refuse(key, Concat("expected a number, found ", value->dump()));
  return value->get<double>();
}

bool BoolOr(const Json& object, const char* key, bool absent) {
  const Json* value = Find(object, key);
  if (value == nullptr) return absent;
  if (!value->is_boolean()) Refuse(key, Concat("expected true or false, found ", value->dump()));
  return value->get<bool>();
}

std::string TextOr(const Json& object, const char* key, const std::string& absent) {
  const Json* value = Find(object, key);
  if (value == nullptr) return absent;
  if (!value->is_string()) Refuse(key, Concat("expected a text, found ", value->dump()));
  return value->get<std::string>();
}

std::vector<int64_t> EosIds(const Json& root) {
  const Json* value = Find(root, "eos_token_id");
  if (value == nullptr) return {};
  if (value->is_number_integer()) return {value->get<int64_t>()};
  if (!value->is_array() || value->size() > 64) Refuse("eos_token_id", "expected a token id or a list of at most 64 of them");
  std::vector<int64_t> ids;
  for (const Json& id : *value) {
    if (!id.is_number_integer()) Refuse("eos_token_id", Concat("expected token ids, found ", id.dump()));
    ids.push_back(id.get<int64_t>());
  }
  return ids;
}

// The two spellings of rotary settings: rope_theta with rope_scaling (transformers 4), rope_parameters (transformers 5).
double RopeTheta(const Json& root) {
  double theta = RealOr(root, "rope_theta", 10000.0);
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    const Json* rope = Find(root, key);
    if (rope == nullptr) continue;
    if (!rope->is_object()) Refuse(key, "expected an object");
    const std::string type = TextOr(*rope, "rope_type", TextOr(*rope, "type", "default"));
    if (type != "default") Refuse(Concat(key, ".rope_type"), Concat("'", type, "' is not supported; only 'default' is"));
    theta = RealOr(*rope, "rope_theta", theta);
    if (RealOr(*rope, "partial_rotary_factor", 1.0) != 1.0) Refuse(Concat(key, ".partial_rotary_factor"), "only 1 is supported");
  }
  return theta;
}

void RefuseUnsupported(const Json& root, const std::string& type) {
  if (Find(root, "quantization_config")) Refuse("quantization_config", "quantized weights are not supported");
  if (BoolOr(root, "use_sliding_window", false)) Refuse("use_sliding_window", "sliding window attention is not supported");
  if (type == "llama" && Find(root, "sliding_window")) Refuse("sliding_window", "sliding window attention is not supported");
  if (const Json* layers = Find(root, "layer_types")) {
    for (const Json& layer : *layers)
      if (layer != "full_attention") Refuse("layer_types", Concat(layer.dump(), " is not supported; only \"full_attention\" is"));
  }
  const std::string act = TextOr(root, "hidden_act", "silu");
  if (act != "silu") Refuse("hidden_act", Concat("'", act, "' is not supported; only 'silu' is"));
  if (BoolOr(root, "attention_bias", false)) Refuse("attention_bias", "true is not supported");
  if (BoolOr(root, "mlp_bias", false)) Refuse("mlp_bias", "true is not supported");
  if (RealOr(root, "partial_rotary_factor", 1.0) != 1.0) Refuse("partial_rotary_factor", "only 1 is supported");
  if (IntOr(root, "pretraining_tp", 1) != 1) Refuse("pretraining_tp", "only 1 is supported");
}

void CheckRange(const char* key, int64_t value, int64_t min, int64_t max) {
  if (value < min || value > max) Refuse(key, Concat(value, " is outside ", min, "..", max));
}

}  // namespace

TransformerConfig ParseTransformerConfig(const std::string& config_json) {
  const Json root = Json::parse(config_json, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object()) throw ConfigError("config.json: not a JSON object");
  TransformerConfig config;
  config.model_type = TextOr(root, "model_type", "");
  if (config.model_type.empty()) Refuse("model_type", "missing");
  RefuseUnsupported(root, config.model_type);
  config.vocab_size = IntAt(root, "vocab_size");
  config.hidden_size = IntAt(root, "hidden_size");
  config.intermediate_size = IntAt(root, "intermediate_size");
  config.num_layers = IntAt(root, "num_hidden_layers");
  config.num_heads = IntAt(root, "num_attention_heads");
  config.num_kv_heads = IntOr(root, "num_key_value_heads", config.num_heads);
  const int64_t derived = config.num_heads > 0 ? config.hidden_size / config.num_heads : 0;
  config.head_dim = IntOr(root, "head_dim", config.model_type == "qwen3" ? 128 : derived);
  config.max_positions = IntOr(root, "max_position_embeddings", 2048);
  config.rms_norm_eps = RealOr(root, "rms_norm_eps", 1e-6);
  config.initializer_range = RealOr(root, "initializer_range", 0.02);
  config.rope_theta = RopeTheta(root);
  config.tie_embeddings = BoolOr(root, "tie_word_embeddings", false);
  config.qkv_bias = config.model_type == "qwen2";
  config.qk_norm = config.model_type == "qwen3";
  config.bos_id = IntOr(root, "bos_token_id", -1);
  config.pad_id = IntOr(root, "pad_token_id", -1);
  config.eos_ids = EosIds(root);
  CheckTransformerConfig(config);
  return config;
}

void CheckTransformerConfig(const TransformerConfig& config) {
  const bool known = config.model_type == "llama" || config.model_type == "qwen2" || config.model_type == "qwen3";
  if (!known) Refuse("model_type", Concat("'", config.model_type, "' is not supported; known are llama, qwen2, qwen3"));
  CheckRange("vocab_size", config.vocab_size, 1, kMaxSize);
  CheckRange("hidden_size", config.hidden_size, 1, kMaxSize);
  CheckRange("intermediate_size", config.intermediate_size, 1, kMaxSize);
  CheckRange("num_hidden_layers", config.num_layers, 1, kMaxLayers);
  CheckRange("num_attention_heads", config.num_heads, 1, 4096);
  CheckRange("num_key_value_heads", config.num_kv_heads, 1, config.num_heads);
  if (config.num_heads % config.num_kv_heads != 0)
    Refuse("num_key_value_heads", Concat(config.num_kv_heads, " does not divide num_attention_heads ", config.num_heads));
  CheckRange("head_dim", config.head_dim, 2, 1024);
  if (config.head_dim % 2 != 0) Refuse("head_dim", Concat(config.head_dim, " is odd; rotary positions need an even one"));
  CheckRange("max_position_embeddings", config.max_positions, 1, kMaxSize);
  if (!(config.rms_norm_eps > 0 && config.rms_norm_eps < 1)) Refuse("rms_norm_eps", Concat(config.rms_norm_eps, " is outside (0, 1)"));
  if (!(config.rope_theta >= 1 && std::isfinite(config.rope_theta))) Refuse("rope_theta", Concat(config.rope_theta, " is below 1"));
  if (config.qkv_bias != (config.model_type == "qwen2")) Refuse("attention_bias", "query, key and value biases go with model_type qwen2");
  if (config.qk_norm != (config.model_type == "qwen3")) Refuse("model_type", "normalised queries and keys go with model_type qwen3");
  CheckRange("bos_token_id", config.bos_id, -1, config.vocab_size - 1);
  CheckRange("pad_token_id", config.pad_id, -1, config.vocab_size - 1);
  for (const int64_t id : config.eos_ids) CheckRange("eos_token_id", id, 0, config.vocab_size - 1);
}

std::string ToConfigJson(const TransformerConfig& config) {
  CheckTransformerConfig(config);
  const std::string family = config.model_type == "llama" ? "Llama" : config.model_type == "qwen2" ? "Qwen2" : "Qwen3";
  nlohmann::ordered_json root;
  root["architectures"] = {family + "ForCausalLM"};
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
  root["rope_theta"] = config.rope_theta;
  root["rope_parameters"] = {{"rope_type", "default"}, {"rope_theta", config.rope_theta}};
  root["tie_word_embeddings"] = config.tie_embeddings;
  root["hidden_act"] = "silu";
  root["attention_dropout"] = 0.0;
  root["initializer_range"] = config.initializer_range;
  root["use_cache"] = true;
  if (config.model_type != "qwen2") root["attention_bias"] = false;
  if (config.model_type == "llama") root["mlp_bias"] = false;
  if (config.model_type != "llama") root["use_sliding_window"] = false;
  root["dtype"] = "float32";
  root["torch_dtype"] = "float32";
  root["bos_token_id"] = config.bos_id < 0 ? nlohmann::ordered_json() : nlohmann::ordered_json(config.bos_id);
  root["pad_token_id"] = config.pad_id < 0 ? nlohmann::ordered_json() : nlohmann::ordered_json(config.pad_id);
  if (config.eos_ids.size() == 1)
    root["eos_token_id"] = config.eos_ids[0];
  else if (config.eos_ids.empty())
    root["eos_token_id"] = nullptr;
  else
    root["eos_token_id"] = config.eos_ids;
  return root.dump(2) + "\n";
}

}  // namespace temper
