#pragma once

#include <cstdint>
#include <deque>

namespace temper {

// What keeps a client from asking a service too much. All are told the time, in seconds of the monotonic clock, and have no state but their
// own. For one thread.

// A token bucket: `per_s` tokens come in each second, at most `burst` lie in it, and it begins full. per_s 0: it always has some.
class TokenBucket {
 public:
  TokenBucket(double per_s, double burst) : per_s_(per_s), burst_(burst), tokens_(burst) {}
  // Takes one token where one is there.
  bool Take(double now);
  // Seconds until one is there; 0 = now.
  double Wait(double now) const;

 private:
  double At(double now) const;

  double per_s_, burst_, tokens_;
  double since_ = 0;
};

// Additive increase, multiplicative decrease of how many requests are out at once (Chiu and Jain
// 1989, as TCP does). 1 more after as many successes as the window is wide; half of it after an
// overload, at least 1. What is overloaded within `quiet_s` after a decrease was sent before it and
// says nothing new.
class AimdWindow {
 public:
  explicit AimdWindow(int64_t max, double quiet_s = 1);
  int64_t size() const { return window_; }
  void OnSuccess();
  void OnOverload(double now);

 private:
  int64_t max_;
  double quiet_s_;
  int64_t window_;
  int64_t successes_ = 0;  // since it last changed
  double decreased_at_ = -1e300;
};

// A circuit breaker: after `failures` failures in a row nothing is sent for `rest_s`; then one request tries, and its success lets all
// through again, its failure begins another rest.
class CircuitBreaker {
 public:
  CircuitBreaker(int64_t failures, double rest_s) : limit_(failures), rest_s_(rest_s) {}
  bool Allows(double now) const { return !open() || (now >= opens_at_ && !trying_); }
  bool open() const { return in_a_row_ >= limit_; }
  double opens_at() const { return opens_at_; }  // when the next may try; meaningful while open()
  void OnStart() { trying_ = open(); }
  void OnSuccess();
  void OnFailure(double now);

 private:
  int64_t limit_;
  double rest_s_;
  int64_t in_a_row_ = 0;
  double opens_at_ = 0;
  bool trying_ = false;
};

// At most `limit` things within any `window_s` seconds; limit 0 = any number.
class Budget {
 public:
  Budget(int64_t limit, double window_s) : limit_(limit), window_s_(window_s) {}
  bool Take(double now);

 private:
  int64_t limit_;
  double window_s_;
  std::deque<double> taken_;
};

// Seconds before the n-th try again (n from 1), `uniform` in [0, 1). They are base * 2^(n-1), at
// most `longest`, and of that a random part between a half and all, so that workers do not come
// back together.
double BackoffSeconds(int64_t n, double base, double longest, double uniform);

}  // namespace temper
