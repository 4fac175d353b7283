#pragma once

#include <cstdint>

#include "cluster/base/enum_names.h"

namespace temper {

// cluster.device: where learners and rollout workers compute. Auto is cuda where the program was built with CUDA and a GPU is visible.
enum class DeviceChoice : uint8_t { kAuto, kCpu, kCuda };
template <>
struct EnumNames<DeviceChoice> {
  static constexpr std::string_view kWhat = "device";
  static constexpr EnumTable<DeviceChoice, 3> kTable{
      {{DeviceChoice::kAuto, "auto"}, {DeviceChoice::kCpu, "cpu"}, {DeviceChoice::kCuda, "cuda"}}};
};

}  // namespace temper
