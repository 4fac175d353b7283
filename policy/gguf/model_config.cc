#include "policy/gguf/model_config.h"

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "policy/gguf/architecture.h"
#include "policy/gguf/rope_factors.h"
#include "policy/text/strict_json.h"

namespace temper {
namespace {

using Json = nlohmann::json;

constexpr char kEmbedding[] = "token_embd.weight";

// An adapter, a projector, or one of several files that hold a model together.
void RefuseWhatIsNoModel(const GgufMetadata& metadata) {
  if (const std::string type = metadata.Text("general.type").value_or("model"); type != "model")
    metadata.Refuse("general.type", Concat("'", Quoted(type), "' is not supported; only 'model' is"));
  if (const int64_t files = metadata.Whole("split.count").value_or(1); files > 1)
    metadata.Refuse("split.count", Concat("the model is split over ", files, " files; join them first (llama-gguf-split --merge)"));
}

// What a model with these settings computes is something else.
void RefuseUnsupported(const GgufMetadata& metadata, const GgufArchitecture& architecture, int64_t head_dim) {
  for (const char* setting : {"expert_count", "attention.sliding_window"}) {
    const std::string key = architecture.Key(setting);
    if (metadata.Whole(key).value_or(0) != 0) metadata.Refuse(key, "is not supported");
  }
  for (const char* setting : {"attention.value_length", "rope.dimension_count"}) {
    const std::string key = architecture.Key(setting);
    if (const int64_t size = metadata.Whole(key).value_or(head_dim); size != head_dim)
      metadata.Refuse(key, Concat(size, " is not supported; only the size of a head, ", head_dim, ", is"));
  }
}

Json YarnScaling(const GgufMetadata& metadata, const GgufArchitecture& architecture, Json scaling) {
  const std::string original = architecture.Key("rope.scaling.original_context_length");
  scaling["original_max_position_embeddings"] = metadata.WholeAt(original);
  for (const auto& [setting, key] : {std::pair{"rope.scaling.yarn_beta_fast", "beta_fast"}, {"rope.scaling.yarn_beta_slow", "beta_slow"}})
    if (const auto value = metadata.Real(architecture.Key(setting))) scaling[key] = *value;
  for (const char* setting : {"rope.scaling.attn_factor", "rope.scaling.yarn_attn_factor", "rope.scaling.yarn_ext_factor"}) {
    const std::string key = architecture.Key(setting);
    if (const double value = metadata.Real(key).value_or(1); value != 1)
      metadata.Refuse(key, Concat(value, " is not supported; only 1 is"));
  }
  return scaling;
}

// Null where positions are not scaled.
Json RopeScalingOf(const GgufContainer& file, const GgufArchitecture& architecture, int64_t head_dim, double theta) {
  const GgufMetadata& metadata = file.metadata;
  if (const GgufTensor* factors = file.Find(kRopeFactors)) {
    const RopeScaling scaling = ScalingOfRopeFactors(metadata.path(), *factors, head_dim, theta);
    if (scaling.type == "default") return nullptr;
    return {{"rope_type", scaling.type},
            {"factor", scaling.factor},
            {"low_freq_factor", scaling.low_freq_factor},
            {"high_freq_factor", scaling.high_freq_factor},
            {"original_max_position_embeddings", scaling.original_max_positions}};
  }
  const std::string key = architecture.Key("rope.scaling.type");
  std::string type = metadata.Text(key).value_or("none");
  const auto old_factor = metadata.Real(architecture.Key("rope.scale_linear"));  // files of 2023
  if (type == "none" && old_factor && *old_factor != 1) return {{"rope_type", "linear"}, {"factor", *old_factor}};
  if (type == "none") return nullptr;
  if (type != "linear" && type != "yarn")
    metadata.Refuse(key, Concat("'", Quoted(type), "' is not supported; known are none, linear, yarn"));
  const std::string factor_key = architecture.Key("rope.scaling.factor");
  const auto factor = metadata.Real(factor_key);
  if (!factor) metadata.Refuse(factor_key, "missing");
  const Json scaling = {{"rope_type", type}, {"factor", *factor}};
  return type == "yarn" ? YarnScaling(metadata, architecture, scaling) : scaling;
}

void AddBiases(const GgufContainer& file, const GgufArchitecture& architecture, Json* config) {
  const bool llama = std::string_view(architecture.model_type) == "llama";
  const bool optional = llama || std::string_view(architecture.model_type) == "qwen3";
  if (optional) (*config)["attention_bias"] = file.Find("blk.0.attn_output.bias") != nullptr;
  if (llama) (*config)["mlp_bias"] = file.Find("blk.0.ffn_down.bias") != nullptr;
}

void AddSpecialTokens(const GgufMetadata& metadata, Json* config) {
  const auto id = [&](const char* name) { return metadata.Whole(Concat("tokenizer.ggml.", name, "_token_id")); };
  const auto or_null = [](const std::optional<int64_t>& value) { return value ? Json(*value) : Json(); };
  (*config)["bos_token_id"] = or_null(id("bos"));
  (*config)["pad_token_id"] = or_null(id("padding"));
  // Chats end at the end of a turn, which older files name beside the end of a text.
  const auto end = id("eos"), turn = id("eot");
  (*config)["eos_token_id"] = end && turn && *end != *turn ? Json({*end, *turn}) : or_null(end ? end : turn);
}

Json ConfigJson(const GgufContainer& file) {
  const GgufMetadata& metadata = file.metadata;
  RefuseWhatIsNoModel(metadata);
  const GgufArchitecture& architecture = ArchitectureOf(metadata);
  const auto whole = [&](const char* setting) { return metadata.WholeAt(architecture.Key(setting)); };
  const GgufTensor* embedding = file.Find(kEmbedding);
  if (embedding == nullptr) throw ConfigError(Concat(metadata.path(), ": tensor ", kEmbedding, " is missing"));
  const int64_t heads = whole("attention.head_count"), width = whole("embedding_length");
  if (heads < 1) metadata.Refuse(architecture.Key("attention.head_count"), Concat(heads, " is below 1"));
  const int64_t head_dim = metadata.Whole(architecture.Key("attention.key_length")).value_or(width / heads);
  RefuseUnsupported(metadata, architecture, head_dim);
  Json config;
  config["model_type"] = architecture.model_type;
  config["vocab_size"] = embedding->shape.front();
  config["hidden_size"] = width;
  config["intermediate_size"] = whole("feed_forward_length");
  config["num_hidden_layers"] = whole("block_count");
  config["num_attention_heads"] = heads;
  config["num_key_value_heads"] = metadata.Whole(architecture.Key("attention.head_count_kv")).value_or(heads);
  config["head_dim"] = head_dim;
  config["max_position_embeddings"] = whole("context_length");
  const std::string eps = architecture.Key("attention.layer_norm_rms_epsilon");
  const auto eps_value = metadata.Real(eps);
  if (!eps_value) metadata.Refuse(eps, "missing");
  config["rms_norm_eps"] = *eps_value;
  config["rope_theta"] = metadata.Real(architecture.Key("rope.freq_base")).value_or(10000.0);
  if (Json scaling = RopeScalingOf(file, architecture, head_dim, config["rope_theta"]); !scaling.is_null())
    config["rope_scaling"] = std::move(scaling);
  config["tie_word_embeddings"] = file.Find("output.weight") == nullptr;
  AddBiases(file, architecture, &config);
  AddSpecialTokens(metadata, &config);
  return config;
}

}  // namespace

TransformerConfig ConfigOfGguf(const GgufContainer& file) {
  const std::string json = ConfigJson(file).dump();
  try {
    return ParseTransformerConfig(json);
  } catch (const ConfigError& error) {
    throw ConfigError(Concat(file.metadata.path(), ": as ", error.what()));
  }
}

}  // namespace temper
