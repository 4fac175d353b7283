#pragma once

#include <functional>

#include <ATen/core/Tensor.h>

namespace temper {

// body(x), of which the graph keeps x alone. The backward computes body again, with a graph, and
// goes through that (Chen et al., "Training deep nets with sublinear memory cost", 2016). Gradients
// are those of body, bit for bit, where body gives the same numbers each time. Leaves that body
// reads get their gradient added to .grad. x must require a gradient; what body borrows must live
// until the backward.
at::Tensor Recomputed(const at::Tensor& x, std::function<at::Tensor(const at::Tensor&)> body);

}  // namespace temper
