#pragma once

#include <cstdint>
#include <string>

#include "cluster/bus/keys.h"

namespace temper {

// ZeroMQ's own heartbeats, which its threads answer while the process computes. After so long both
// ends notice a peer that is frozen, or whose connection leads nowhere, and treat the connection as
// ended.
inline constexpr int kLinkHeartbeatMs = 1000;
inline constexpr int kLinkTimeoutMs = 5000;

// How to get to a job's bus. All of it changes when the job starts again.
struct BusContact {
  std::string endpoint;
  uint64_t run_id = 0;
  BusKeys keys{};
};

}  // namespace temper
