#pragma once

#include <cstdint>

#include "cluster/base/enum_names.h"

namespace temper {

// cluster.learner_backend: what the learners' collectives go over. Auto is nccl where every learner computes on a GPU of its own, else
// shared (memory) where they are on one host, else mpi.
enum class BackendChoice : uint8_t { kAuto, kMpi, kNccl, kShared };
template <>
struct EnumNames<BackendChoice> {
  static constexpr std::string_view kWhat = "backend of collectives";
  static constexpr EnumTable<BackendChoice, 4> kTable{
      {{BackendChoice::kAuto, "auto"}, {BackendChoice::kMpi, "mpi"}, {BackendChoice::kNccl, "nccl"}, {BackendChoice::kShared, "shared"}}};
};

}  // namespace temper
