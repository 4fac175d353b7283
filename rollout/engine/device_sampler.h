#pragma once

#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "rollout/engine/decode_backend.h"

namespace temper {

// Draws as Sampler does, for many rows at a time, on the device of the logits. The same uniform
// numbers give the same tokens, except where rounding moves an edge of the cumulative distribution
// across the number. Rows that only have a temperature are one kernel on a GPU. Waits for the
// device once, to fetch what was drawn. Throws Error when a logit is not a number.
std::vector<SampledToken> DrawOnDevice(const at::Tensor& logits_BV, std::span<const DecodeRow> rows);

}  // namespace temper
