#pragma once

#include <algorithm>
#include <map>
#include <string>

#include "cluster/base/clock.h"

namespace temper {

// Divides the wall clock of a stage into steps, and each step into sections that add up to it: every moment belongs to one section.
class StepClock {
 public:
  // What passed since the last mark belongs to the section, a metric's name ("timing_s/rollout").
  void Mark(const std::string& section) { MarkAt(section, NowSeconds()); }
  // The section ended at this time (NowSeconds()), or at the last mark if that was later: then it took nothing.
  void MarkAt(const std::string& section, double time) {
    const double end = std::max(time, last_);
    sections_[section] += end - last_;
    last_ = end;
  }
  // The step ends at the last mark: its sections, and their sum as timing_s/step.
  std::map<std::string, double> TakeStep() {
    std::map<std::string, double> step;
    step.swap(sections_);
    double sum = 0;
    for (const auto& [section, seconds] : step) sum += seconds;
    step["timing_s/step"] = sum;
    return step;
  }

 private:
  double last_ = NowSeconds();
  std::map<std::string, double> sections_;
};

}  // namespace temper
