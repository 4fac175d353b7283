#pragma once

#include <cstdint>
#include <functional>

#include <ATen/core/Tensor.h>

namespace temper {

// Where in a forward the residual stream is looked at: behind the attention of a layer, or behind the whole layer.
enum class StreamPlace : uint8_t { kBehindAttention, kBehindLayer };

// Changes the residual stream of a forward without a graph (Transformer::SetResidualEdit). Rows are tokens, and a row's change may depend
// on that row alone, so that a text gives the same bits whatever is computed beside it. Called from several threads at once.
class ResidualEdit {
 public:
  virtual ~ResidualEdit() = default;
  // x_TD: fp32 on the model's device, to be changed in place; of the last layer it may hold the rows that are needed alone. layer: 0 = the
  // embeddings (kBehindLayer only), i = the i-th layer, from 1 to num_layers. The final norm comes behind the last call.
  virtual void Apply(StreamPlace place, int64_t layer, at::Tensor& x_TD) const = 0;
};

// What a forward calls at each of these places.
using StreamVisit = std::function<void(StreamPlace place, int64_t layer, at::Tensor& x_TD)>;

}  // namespace temper
