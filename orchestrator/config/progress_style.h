#pragma once

#include <cstdint>

#include "cluster/base/enum_names.h"

namespace temper {

// How a stage shows its steps. Auto is a bar where standard error is a terminal and no launcher (mpirun, srun) started the process.
enum class ProgressStyle : uint8_t { kAuto, kBar, kPlain, kNone };
template <>
struct EnumNames<ProgressStyle> {
  static constexpr std::string_view kWhat = "progress";
  static constexpr EnumTable<ProgressStyle, 4> kTable{
      {{ProgressStyle::kAuto, "auto"}, {ProgressStyle::kBar, "bar"}, {ProgressStyle::kPlain, "plain"}, {ProgressStyle::kNone, "none"}}};
};

}  // namespace temper
