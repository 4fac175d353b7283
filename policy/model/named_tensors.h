#pragma once

#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

namespace temper {

// Tensors by name, in an order that means something.
using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

}  // namespace temper
