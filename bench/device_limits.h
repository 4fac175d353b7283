#pragma once

#include <cstdlib>

#include "policy/model/transformer.h"

namespace temper {

// What a GPU can do at most, from the data sheet of an H200 (HBM 4.8 TB/s, 989 TFLOP/s dense bf16) or from the environment: HBM_TBPS,
// BF16_TFLOPS.
struct DeviceLimits {
  double bytes_per_s = 4.8e12;
  double flops = 989e12;
};

inline DeviceLimits LimitsFromEnvironment() {
  DeviceLimits limits;
  if (const char* text = std::getenv("HBM_TBPS")) limits.bytes_per_s = std::atof(text) * 1e12;
  if (const char* text = std::getenv("BF16_TFLOPS")) limits.flops = std::atof(text) * 1e12;
  return limits;
}

// The shape of Qwen2.5-0.5B; `smoke` is one that a CPU computes in a moment.
inline TransformerConfig QwenShape(bool smoke) {
  TransformerConfig config;
  config.model_type = "qwen2";
  config.vocab_size = smoke ? 512 : 151936;
  config.hidden_size = smoke ? 64 : 896;
  config.intermediate_size = smoke ? 128 : 4864;
  config.num_layers = smoke ? 2 : 24;
  config.num_heads = smoke ? 4 : 14;
  config.num_kv_heads = 2;
  config.head_dim = smoke ? 16 : 64;
  config.max_positions = 4096;
  config.rope_theta = 1e6;
  config.rms_norm_eps = 1e-6;
  config.qkv_bias = true;
  config.eos_ids = {0};
  return config;
}

// Bytes of keys and values that one position takes in bf16.
inline double CacheBytes(const TransformerConfig& c) { return 2.0 * 2.0 * static_cast<double>(c.num_layers * c.num_kv_heads * c.head_dim); }

}  // namespace temper
