#include "cluster/collectives/shared_barrier.h"

#include <climits>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"

namespace temper {
namespace {

constexpr int kSpins = 2000;  // some 20 us
constexpr timespec kNap = {0, 50'000'000};

void SleepWhile(std::atomic<uint32_t>* word, uint32_t value) {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(word), FUTEX_WAIT, value, &kNap, nullptr, 0);
}

void WakeAll(std::atomic<uint32_t>* word) {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(word), FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

// Counts wrap: `seen` is at or after `wanted` when it is less than half the range ahead.
bool Reached(uint32_t seen, uint32_t wanted) { return seen - wanted < 0x80000000u; }

}  // namespace

void SharedBarrier::Arrive(int rank, int ranks, std::chrono::milliseconds deadline, std::string_view operation) {
  Place& own = places_[rank];
  const uint32_t turn = own.arrivals.fetch_add(1) + 1;
  if (own.sleepers.load() > 0) WakeAll(&own.arrivals);
  for (int r = 0; r < ranks; ++r) {
    Place& place = places_[r];
    for (int spin = 0; spin < kSpins && !Reached(place.arrivals.load(std::memory_order_acquire), turn); ++spin) Pause();
    const Stopwatch watch;
    for (uint32_t seen = place.arrivals.load(); !Reached(seen, turn); seen = place.arrivals.load()) {
      TEMPER_CHECK(watch.Seconds() < std::chrono::duration<double>(deadline).count(), "rank ", rank, " of ", ranks, " waited ",
                   watch.Seconds(), " s in ", operation, " for its peers; one of them is stuck or gone (cluster.collective_timeout_s)");
      place.sleepers.fetch_add(1);
      SleepWhile(&place.arrivals, seen);
      place.sleepers.fetch_sub(1);
    }
  }
}

}  // namespace temper
