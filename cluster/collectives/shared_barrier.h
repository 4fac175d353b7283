#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string_view>

namespace temper {

// A barrier in memory that processes of one host share; zero-filled memory is a barrier nobody has arrived at.
class SharedBarrier {
 public:
  // Returns once all `ranks` have called it as often as this rank. Spins for some microseconds, then sleeps. Throws Error naming
  // `operation` when `deadline` passes.
  void Arrive(int rank, int ranks, std::chrono::milliseconds deadline, std::string_view operation);

 private:
  static constexpr int kMaxRanks = 256;
  struct alignas(64) Place {
    std::atomic<uint32_t> arrivals;
    std::atomic<uint32_t> sleepers;  // ranks that wait for the next arrival here
  };
  Place places_[kMaxRanks];

 public:
  static constexpr int max_ranks() { return kMaxRanks; }
};

}  // namespace temper
