#include "cluster/base/clock_offset.h"

#include <algorithm>

namespace temper {
namespace {

constexpr size_t kSamples = 64;  // a minute of heartbeats: at 50 ppm clocks drift 3 ms meanwhile

}  // namespace

void ClockOffset::Add(int64_t sent_us, int64_t received_us, int64_t replied_us, int64_t got_us) {
  const int64_t round_trip = (got_us - sent_us) - (replied_us - received_us);
  if (got_us < sent_us || replied_us < received_us || round_trip < 0) return;
  samples_.push_back({((received_us - sent_us) + (replied_us - got_us)) / 2, round_trip});
  if (samples_.size() > kSamples) samples_.pop_front();
}

ClockOffset::Sample ClockOffset::Best() const {
  if (samples_.empty()) return {};
  return *std::min_element(samples_.begin(), samples_.end(),
                           [](const Sample& a, const Sample& b) { return a.round_trip_us < b.round_trip_us; });
}

}  // namespace temper
