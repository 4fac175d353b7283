#pragma once

#include <cstdint>
#include <string>

#include "cluster/bus/keys.h"

namespace temper {

// How to get to a job's bus. All of it changes when the job starts again.
struct BusContact {
  std::string endpoint;
  uint64_t run_id = 0;
  BusKeys keys{};
};

}  // namespace temper
