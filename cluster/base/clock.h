#pragma once

#include <chrono>
#include <cstdint>

namespace temper {

// Milliseconds of the monotonic clock.
inline int64_t NowMillis() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Microseconds of the monotonic clock.
inline int64_t NowMicros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Microseconds since 1970, of the clock on the wall: it may be set while the program runs.
inline int64_t WallMicros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// The same in seconds.
inline double WallSeconds() { return static_cast<double>(WallMicros()) / 1e6; }

// Seconds of the monotonic clock.
inline double NowSeconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// Measures from its construction.
class Stopwatch {
 public:
  double Seconds() const { return NowSeconds() - start_; }

 private:
  double start_ = NowSeconds();
};

// Adds the seconds from its construction to its end to *total_s.
class ScopedTimer {
 public:
  explicit ScopedTimer(double* total_s) : total_s_(total_s) {}
  ~ScopedTimer() { *total_s_ += watch_.Seconds(); }
  ScopedTimer(const ScopedTimer&) = delete;
  ScopedTimer& operator=(const ScopedTimer&) = delete;

 private:
  double* total_s_;
  Stopwatch watch_;
};

}  // namespace temper
