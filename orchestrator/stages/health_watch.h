#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "orchestrator/config/health_options.h"
#include "orchestrator/stages/progress.h"

namespace temper {

// Follows the rules of monitor.health over the steps of an arm.
class HealthWatch {
 public:
  explicit HealthWatch(const std::deque<HealthRule>& rules) : rules_(rules), streaks_(rules.size()) {}

  struct Alarm {
    bool stop = false;
    std::string text;  // the step, the metric, its value, the bound and the key, in a sentence
  };
  // Counts a step, by its index, with its metrics. Adds health/alarms, how many rules are broken for long enough, where there are rules.
  // Returns those of which that is so since this step: each streak is told once. A metric that the step lacks changes nothing.
  std::vector<Alarm> Take(int64_t step, std::map<std::string, double>* values);

 private:
  const std::deque<HealthRule> rules_;
  std::vector<int64_t> streaks_;  // steps in a row that broke the rule
};

// Tells all of them, then throws ExitRequest with 76 where one asks for a stop.
void SoundAlarms(const std::vector<HealthWatch::Alarm>& alarms, Progress* progress);

}  // namespace temper
