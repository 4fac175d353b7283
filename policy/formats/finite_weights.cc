#include "policy/formats/finite_weights.h"

#include <cmath>

#include <ATen/ops/aminmax.h>

#include "cluster/base/error.h"

namespace temper {

// The least and the greatest of values with a NaN among them are NaN.
void CheckFinite(const std::string& folder, const std::vector<std::pair<std::string, at::Tensor>>& tensors) {
  for (const auto& [name, tensor] : tensors) {
    if (tensor.numel() == 0) continue;
    const auto [least, greatest] = at::aminmax(tensor);
    if (std::isfinite(least.item<double>()) && std::isfinite(greatest.item<double>())) continue;
    throw ConfigError(Concat(folder, ": tensor ", name,
                             " has a value that is not finite (NaN or infinite); the folder's weights are damaged, or "
                             "come from a training that diverged"));
  }
}

}  // namespace temper
