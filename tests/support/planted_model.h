#pragma once

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>

#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"
#include "policy/model/transformer.h"
#include "policy/tokenizer/tokenizer.h"

namespace temper {

// A tiny model of 62 words. A vector of length 1 is added to the embeddings of the last 31 and taken off those of the first 31: a prompt is
// "harmful" where it ends in one of the last.
struct PlantedModel {
  static constexpr int kFirst = 4, kMiddle = 35, kEnd = 66;
  static constexpr int64_t kWidth = 32, kLayers = 3;

  PlantedModel() : model(Config()) {
    std::vector<std::string> words;
    for (int id = kFirst; id < kEnd; ++id) words.push_back(Concat("w", id));
    tokenizer_json = WordLevelTokenizerJson(words);
    tokenizer = ParseTokenizer(tokenizer_json);
    model.Initialize(7);
    KeyedStream stream(3, "planted");
    double squares = 0;
    for (double& value : planted) {
      value = stream.Normal();
      squares += value * value;
    }
    for (double& value : planted) value /= std::sqrt(squares);
    Plant(1);
  }

  // Adds so many times the vector once more: -0.95 leaves a twentieth of it.
  void Plant(double times) {
    const c10::NoGradGuard no_grad;
    at::Tensor embedding = model.parameters().at(0).second;
    for (int64_t id = kFirst; id < kEnd; ++id)
      for (int64_t d = 0; d < kWidth; ++d)
        embedding.mutable_data_ptr<float>()[id * kWidth + d] +=
            static_cast<float>((id < kMiddle ? -times : times) * planted[static_cast<size_t>(d)]);
    model.WeightsChanged();
  }

  static TransformerConfig Config() {
    TransformerConfig config;
    config.vocab_size = kEnd;
    config.hidden_size = kWidth;
    config.intermediate_size = 64;
    config.num_layers = kLayers;
    config.num_heads = config.num_kv_heads = 2;
    config.head_dim = 16;
    config.max_positions = 32;
    config.bos_id = 1;
    config.eos_ids = {2};
    return config;
  }

  // Four words, the last of which says what it is.
  static std::string Prompt(KeyedStream* stream, bool harmful) {
    std::string prompt;
    for (int k = 0; k < 3; ++k) prompt += Concat("w", kFirst + stream->Below(kEnd - kFirst), " ");
    return Concat(prompt, "w", (harmful ? kMiddle : kFirst) + stream->Below(31));
  }

  Transformer model;
  std::string tokenizer_json;
  std::unique_ptr<Tokenizer> tokenizer;
  std::vector<double> planted = std::vector<double>(kWidth);  // of length 1
};

}  // namespace temper
