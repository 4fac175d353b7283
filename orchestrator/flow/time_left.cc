#include "orchestrator/flow/time_left.h"

#include <algorithm>

namespace temper {

void TimeLeft::Begin(const std::string& arm, const std::string& stage) {
  const auto found = std::find_if(stages_.begin() + static_cast<ptrdiff_t>(next_), stages_.end(),
                                  [&](const PlannedStage& planned) { return planned.arm == arm && planned.stage == stage; });
  planned_ = found != stages_.end();
  if (planned_) next_ = static_cast<size_t>(found - stages_.begin()) + 1;
  stage_ = stage;
  done_ = 0;
  first_ = -1;
}

void TimeLeft::Done(int64_t units, double now_s) {
  if (first_ < 0) {
    first_ = units;
    since_ = now_s;
  }
  done_ = units;
  if (done_ > first_) unit_seconds_[stage_] = (now_s - since_) / static_cast<double>(done_ - first_);
}

std::optional<double> TimeLeft::Seconds() const {
  if (stages_.empty()) return std::nullopt;
  double seconds = 0;
  for (size_t i = planned_ ? next_ - 1 : next_; i < stages_.size(); ++i) {
    const bool in_work = planned_ && i == next_ - 1;
    const int64_t left = stages_[i].units - (in_work ? done_ : 0);
    if (left <= 0) continue;
    const auto unit = unit_seconds_.find(stages_[i].stage);
    if (unit == unit_seconds_.end()) return std::nullopt;
    seconds += unit->second * static_cast<double>(left);
  }
  return seconds;
}

}  // namespace temper
