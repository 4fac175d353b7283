#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "policy/model/rope.h"

namespace temper {

// Shape of a decoder-only transformer of the Llama, Qwen and Mistral families, as in a Hugging Face config.json.
struct TransformerConfig {
  std::string model_type = "llama";  // llama | qwen2 | qwen3 | mistral
  int64_t vocab_size = 0;
  int64_t hidden_size = 0;
  int64_t intermediate_size = 0;
  int64_t num_layers = 0;
  int64_t num_heads = 0;
  int64_t num_kv_heads = 0;
  int64_t head_dim = 0;
  int64_t max_positions = 0;
  double rms_norm_eps = 1e-5;
  double rope_theta = 10000.0;
  RopeScaling rope_scaling;
  double initializer_range = 0.02;  // standard deviation of fresh weights; matters only from scratch
  bool tie_embeddings = true;
  bool qkv_bias = false;               // qwen2 always; llama and qwen3 by attention_bias
  bool output_bias = false;            // of the attention's output projection: llama and qwen3 by attention_bias
  bool mlp_bias = false;               // llama
  bool qk_norm = false;                // qwen3: RMSNorm over each head's query and key
  std::vector<int64_t> layer_windows;  // per layer: a token sees itself and the window - 1 before it, 0 = all; empty = all in every layer
  int64_t bos_id = -1;                 // -1 = none
  int64_t pad_id = -1;
  std::vector<int64_t> eos_ids;
  std::string dtype = "float32";  // float32 | bfloat16 | float16: of the weights in the folder; Temper itself computes in fp32
  // Keys of the config.json this was read from that ToConfigJson would leave out or write differently, as a JSON object; written back as
  // they were. "" from scratch.
  std::string other_keys;

  int64_t window(int64_t layer) const { return layer_windows.empty() ? 0 : layer_windows[static_cast<size_t>(layer)]; }
  bool operator==(const TransformerConfig&) const = default;
};

// Follows transformers 5 in defaults and in what overrules what. Throws ConfigError naming the key: something missing, out of range or
// not supported (another architecture, rope type or activation, quantized weights). A special token outside the vocabulary is taken for
// none, with a warning.
TransformerConfig ParseTransformerConfig(const std::string& config_json);
// Ids that end a text as a config.json or a generation_config.json names them (`file` calls it in errors); empty where it names none.
std::vector<int64_t> StopIdsIn(const std::string& file, const std::string& json, int64_t vocab_size);
// Makes `ids` what ends a text; ToConfigJson still writes what the config.json that was read says.
void SetStopIds(std::vector<int64_t> ids, TransformerConfig* config);
// What transformers and loaders with the older spellings open: rotary settings in both spellings, dtype too.
std::string ToConfigJson(const TransformerConfig& config);
void CheckTransformerConfig(const TransformerConfig& config);

}  // namespace temper
