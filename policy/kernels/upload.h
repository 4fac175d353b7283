#pragma once

#include <algorithm>
#include <ranges>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

namespace temper {

// A tensor [values] of `type`, whose element T is, on the device. To a GPU it goes through pinned memory without a wait: the copy is
// queued, and LibTorch keeps the pinned memory until it is done.
template <typename T, typename Values>
at::Tensor Uploaded(const Values& values, at::ScalarType type, at::Device device) {
  const auto count = static_cast<int64_t>(std::ranges::size(values));
  at::Tensor on_host = at::empty({count}, at::TensorOptions(type).pinned_memory(device.is_cuda()));
  std::ranges::copy(values, on_host.mutable_data_ptr<T>());
  return on_host.to(device, /*non_blocking=*/true);
}

}  // namespace temper
