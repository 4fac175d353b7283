#include "reward/remote/limits.h"

#include <algorithm>
#include <cmath>

namespace temper {

double TokenBucket::At(double now) const { return since_ == 0 ? burst_ : std::min(burst_, tokens_ + per_s_ * (now - since_)); }

bool TokenBucket::Take(double now) {
  if (per_s_ == 0) return true;
  tokens_ = At(now);
  since_ = now;
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

double TokenBucket::Wait(double now) const { return per_s_ == 0 ? 0 : std::max(0.0, (1 - At(now)) / per_s_); }

AimdWindow::AimdWindow(int64_t max, double quiet_s) : max_(max), quiet_s_(quiet_s), window_(std::min<int64_t>(max, 2)) {}

void AimdWindow::OnSuccess() {
  if (++successes_ < window_) return;
  successes_ = 0;
  window_ = std::min(max_, window_ + 1);
}

void AimdWindow::OnOverload(double now) {
  if (now - decreased_at_ < quiet_s_) return;
  decreased_at_ = now;
  successes_ = 0;
  window_ = std::max<int64_t>(1, window_ / 2);
}

void CircuitBreaker::OnSuccess() {
  in_a_row_ = 0;
  trying_ = false;
}

void CircuitBreaker::OnFailure(double now) {
  trying_ = false;
  if (++in_a_row_ >= limit_) opens_at_ = now + rest_s_;
}

bool Budget::Take(double now) {
  if (limit_ == 0) return true;
  while (!taken_.empty() && now - taken_.front() >= window_s_) taken_.pop_front();
  if (static_cast<int64_t>(taken_.size()) >= limit_) return false;
  taken_.push_back(now);
  return true;
}

double BackoffSeconds(int64_t n, double base, double longest, double uniform) {
  const double full = std::min(longest, base * std::exp2(static_cast<double>(std::min<int64_t>(n, 60) - 1)));
  return full * (0.5 + 0.5 * uniform);
}

}  // namespace temper
