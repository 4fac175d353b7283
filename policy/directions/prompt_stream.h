#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "policy/directions/prompt_ends.h"
#include "policy/model/transformer.h"

namespace temper {

// The residual stream of a prompt at its two places, behind every layer: [num_layers + 1, width] each, as Transformer::StreamOfRows numbers
// the layers.
struct PromptStates {
  std::vector<float> inst, post;
};

// Computes the states of prompts, several in one forward, on the model's device and under its edit of the residual stream, if it has one.
// On the CPU a prompt gives the same bits whatever is computed beside it. All is borrowed.
class PromptStream {
 public:
  PromptStream(const Transformer& model, const PromptEnds& ends) : model_(model), ends_(ends) {}

  // Prompt by prompt, in their order. Throws ConfigError where a prompt is longer than the model's positions or has a token outside of its
  // vocabulary.
  using Visit = std::function<void(size_t index, const PromptStates& states)>;
  void Run(std::span<const std::string> prompts, const Visit& visit) const;

 private:
  void RunPack(std::span<const EndedPrompt> pack, size_t first, const Visit& visit) const;

  const Transformer& model_;
  const PromptEnds& ends_;
};

}  // namespace temper
