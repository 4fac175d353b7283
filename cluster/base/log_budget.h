#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

namespace temper {

// Bounds how many lines of one kind a log takes, where somebody else decides how many there would be: `burst` at once, then `per_s` in a
// second. The others are counted. Time is an argument. One thread only.
class LogBudget {
 public:
  explicit LogBudget(double burst = 10, double per_s = 0.2) : burst_(burst), per_s_(per_s), left_(burst) {}

  // Whether a line may be written; else it is counted.
  bool Take(double now_s) {
    left_ = std::min(burst_, left_ + std::max(0.0, now_s - last_s_) * per_s_);
    last_s_ = now_s;
    if (left_ >= 1) {
      left_ -= 1;
      return true;
    }
    if (counted_++ == 0) since_s_ = now_s;
    return false;
  }

  // How many were left out, once `every_s` have passed since the first of them; 0 = none, or not yet.
  int64_t TakeCounted(double now_s, double every_s = 10) {
    return counted_ > 0 && now_s - since_s_ >= every_s ? std::exchange(counted_, 0) : 0;
  }

 private:
  double burst_, per_s_;
  double left_;
  double last_s_ = 0;
  double since_s_ = 0;
  int64_t counted_ = 0;
};

// "... 1,234 more of these": the line that stands for those left out.
std::string MoreOfThese(int64_t count);

}  // namespace temper
