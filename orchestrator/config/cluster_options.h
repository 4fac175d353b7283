#pragma once

#include <cstdint>
#include <string>

#include "cluster/collectives/backend_choice.h"
#include "cluster/config/fields.h"
#include "policy/kernels/device_choice.h"

namespace temper {

// How weights reach rollout workers. Auto is shared memory on the learner's host and chunks over the bus elsewhere.
enum class WeightTransport : uint8_t { kAuto, kSharedMemory, kZeroMq };
template <>
struct EnumNames<WeightTransport> {
  static constexpr std::string_view kWhat = "weight transport";
  static constexpr EnumTable<WeightTransport, 3> kTable{
      {{WeightTransport::kAuto, "auto"}, {WeightTransport::kSharedMemory, "shared_memory"}, {WeightTransport::kZeroMq, "zeromq"}}};
};

inline constexpr int64_t kMaxRanksOfRole = 65536;

// Ranks, workers, transports and deadlines. Its Describe gives the meaning of each field.
struct ClusterConfig {
  int64_t learners = 0;  // 0 = from the number of ranks
  int64_t rollout_workers = 0;
  int64_t reward_workers = 0;
  int64_t learner_threads = 0;  // 0 = from the cores
  int64_t rollout_threads = 0;
  DeviceChoice device = DeviceChoice::kAuto;
  std::string endpoint = "auto";
  WeightTransport weight_transport = WeightTransport::kAuto;
  std::string weight_folder = "/dev/shm";
  BackendChoice learner_backend = BackendChoice::kAuto;
  double start_timeout_s = 60;
  double collective_timeout_s = 600;
  double heartbeat_s = 1;
  double peer_timeout_s = 10;
  double lease_s = 120;
  double step_timeout_s = 900;
  int64_t max_attempts = 20;
  int64_t min_workers = 1;
};

void Describe(ClusterConfig& config, ConfigFields& fields);

}  // namespace temper
