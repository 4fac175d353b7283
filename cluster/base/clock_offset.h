#pragma once

#include <cstdint>
#include <deque>

namespace temper {

// How far a peer's clock is ahead of this process's, from requests and replies as in NTP. Of the
// newest samples the one with the shortest way there and back counts, because the error of a sample
// is at most half of that. Clocks drift, so old samples leave. Pure: times are arguments, in
// microseconds of each side's own monotonic clock.
class ClockOffset {
 public:
  // sent, got: this side's clock at the request and at its reply; received, replied: the peer's. Samples that no order of events allows
  // (a reply before its request) are left out.
  void Add(int64_t sent_us, int64_t received_us, int64_t replied_us, int64_t got_us);

  bool known() const { return !samples_.empty(); }
  int64_t offset_us() const { return Best().offset_us; }  // add it to a time here to get the peer's; 0 while unknown
  int64_t error_us() const { return Best().round_trip_us / 2; }

 private:
  struct Sample {
    int64_t offset_us = 0;
    int64_t round_trip_us = 0;
  };
  Sample Best() const;

  std::deque<Sample> samples_;  // newest last
};

}  // namespace temper
