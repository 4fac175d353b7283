#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cluster/config/fields.h"

namespace temper {

// What `temper launch slurm` asks Slurm for. Empty texts leave the choice to Slurm. Its Describe gives the meaning of each field.
struct SlurmConfig {
  std::string partition;
  std::string account;
  std::string qos;
  std::string time;
  int64_t nodes = 1;
  int64_t ranks_per_node = 0;  // 0 = spread evenly
  int64_t gpus_per_node = 0;
  int64_t warn_s = 180;
  int64_t max_starts = 10;
  std::string cpu_partition;  // not empty: a heterogeneous job
  int64_t cpu_nodes = 1;
  std::vector<std::string> directives;
  std::vector<std::string> setup;
};

// Whether each rank is bound to its cores.
enum class CpuBinding : uint8_t { kNone, kCore };
template <>
struct EnumNames<CpuBinding> {
  static constexpr std::string_view kWhat = "binding";
  static constexpr EnumTable<CpuBinding, 2> kTable{{{CpuBinding::kNone, "none"}, {CpuBinding::kCore, "core"}}};
};

// How `temper launch mpirun` and `temper launch slurm` place the ranks.
struct LaunchConfig {
  int64_t cpus_per_rank = 1;
  CpuBinding bind = CpuBinding::kNone;
  SlurmConfig slurm;
};

void Describe(LaunchConfig& config, ConfigFields& fields);

}  // namespace temper
