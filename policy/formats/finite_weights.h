#pragma once

#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

namespace temper {

// Throws ConfigError that names the first of a folder's tensors with a value that is NaN or
// infinite. Every number that is computed with it would be too, on every start.
void CheckFinite(const std::string& folder, const std::vector<std::pair<std::string, at::Tensor>>& tensors);

}  // namespace temper
