#pragma once

#include <cmath>
#include <fstream>
#include <string>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/norm.h>
#include <nlohmann/json.hpp>

#include "cluster/base/keyed_random.h"
#include "learner/learner.h"

namespace temper {

inline nlohmann::json LearnerGolden() {
  std::ifstream in(std::string(TEMPER_SOURCE_DIR) + "/tests/golden/learner_golden.json");
  return nlohmann::json::parse(in);
}

// Two layers, grouped-query attention, 24 tokens.
inline TransformerConfig TinyConfig() {
  TransformerConfig config;
  config.vocab_size = 24;
  config.hidden_size = 16;
  config.intermediate_size = 24;
  config.num_layers = 2;
  config.num_heads = 4;
  config.num_kv_heads = 2;
  config.head_dim = 4;
  config.max_positions = 64;
  config.eos_ids = {0};
  return config;
}

// Tiny model with weights large enough that attention and gradients are far from flat.
inline Transformer TinyModel(uint64_t seed = 5) {
  at::set_num_threads(1);
  Transformer model(TinyConfig());
  model.Initialize(seed);
  KeyedStream stream(seed, "perturb");
  float* data = model.flat().mutable_data_ptr<float>();
  for (int64_t i = 0; i < model.num_parameters(); ++i) data[i] += 0.15f * static_cast<float>(stream.Normal());
  model.WeightsChanged();
  return model;
}

// Groups of random prompts and completions of several lengths, one of them a single token; group ids are not in order.
inline std::vector<TrainGroup> RandomGroups(int64_t count, int64_t samples, uint64_t seed = 9) {
  KeyedStream stream(seed, "groups");
  std::vector<TrainGroup> groups;
  for (int64_t g = 0; g < count; ++g) {
    TrainGroup group;
    group.group_id = static_cast<uint64_t>((g * 5 + 3) % 17);
    const int64_t prompt = 2 + static_cast<int64_t>(stream.Below(6));
    for (int64_t i = 0; i < prompt; ++i) group.prompt_tokens.push_back(static_cast<int32_t>(stream.Below(24)));
    for (int64_t s = 0; s < samples; ++s) {
      TrainSample sample;
      const int64_t length = s == 0 ? 1 : 2 + static_cast<int64_t>(stream.Below(7));
      for (int64_t i = 0; i < length; ++i) {
        sample.tokens.push_back(static_cast<int32_t>(stream.Below(24)));
        sample.logprobs.push_back(static_cast<float>(-2.0 - 2.0 * stream.Uniform()));
        sample.versions.push_back(0);
      }
      sample.advantage = stream.Normal();
      group.samples.push_back(sample);
    }
    groups.push_back(group);
  }
  return groups;
}

inline std::vector<SftExample> RandomExamples(int64_t count, uint64_t seed = 21) {
  KeyedStream stream(seed, "examples");
  std::vector<SftExample> examples;
  for (int64_t e = 0; e < count; ++e) {
    SftExample example;
    const int64_t length = 4 + static_cast<int64_t>(stream.Below(10));
    for (int64_t i = 0; i < length; ++i) example.tokens.push_back(static_cast<int32_t>(stream.Below(24)));
    example.prompt_length = 1 + static_cast<int64_t>(stream.Below(static_cast<uint64_t>(length - 1)));
    examples.push_back(example);
  }
  return examples;
}

// |a - b| / |b| in the 2-norm.
inline double RelativeDistance(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor wide_b = b.to(at::kDouble);
  return (a.to(at::kDouble) - wide_b).norm().item<double>() / wide_b.norm().item<double>();
}

}  // namespace temper
