#pragma once

#include <cstdint>
#include <span>

#include <ATen/core/Tensor.h>

#include "policy/model/transformer.h"

namespace temper {

// Logits [T, V] of one sequence, each token seeing itself and those before it: one plain inference pass, for comparing a model with
// another implementation. Throws Error when the sequence is empty, longer than max_positions, or holds an id outside the vocabulary.
at::Tensor SequenceLogits(const Transformer& model, std::span<const int32_t> tokens);

}  // namespace temper
