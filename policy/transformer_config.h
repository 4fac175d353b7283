#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace temper {

// Shape of a decoder-only transformer of the Llama / Qwen family, as in a Hugging Face config.json.
struct TransformerConfig {
  std::string model_type = "llama";  // llama | qwen2 | qwen3
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
  double initializer_range = 0.02;  // standard deviation of fresh weights; matters only from scratch
  bool tie_embeddings = true;
  bool qkv_bias = false;  // qwen2
  bool qk_norm = false;   // qwen3: RMSNorm over each head's query and key
  int64_t bos_id = -1;    // -1 = none
  int64_t pad_id = -1;
  std::vector<int64_t> eos_ids;

  bool operator==(const TransformerConfig&) const = default;
};

// Throws ConfigError naming the key: something missing, out of range or not supported (rope scaling, sliding window, quantization).
TransformerConfig ParseTransformerConfig(const std::string& config_json);
std::string ToConfigJson(const TransformerConfig& config);  // what transformers opens
void CheckTransformerConfig(const TransformerConfig& config);

}  // namespace temper
