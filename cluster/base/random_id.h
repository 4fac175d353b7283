#pragma once

#include <cstdint>
#include <random>

namespace temper {

// Nobody can guess it, and no two are equal. For names; what a run's numbers depend on is keyed (keyed_random.h).
inline uint64_t RandomId() {
  std::random_device device;
  return static_cast<uint64_t>(device()) << 32 | device();
}

}  // namespace temper
