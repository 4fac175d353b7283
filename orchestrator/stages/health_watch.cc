#include "orchestrator/stages/health_watch.h"

#include "cluster/base/error.h"
#include "cluster/base/log.h"
#include "cluster/base/step_number.h"

namespace temper {

std::vector<HealthWatch::Alarm> HealthWatch::Take(int64_t step, std::map<std::string, double>* values) {
  std::vector<Alarm> alarms;
  int64_t broken = 0;
  for (size_t i = 0; i < rules_.size(); ++i) {
    const HealthRule& rule = rules_[i];
    const auto value = values->find(rule.metric);
    if (value != values->end()) streaks_[i] = rule.Breaks(value->second) ? streaks_[i] + 1 : 0;
    broken += streaks_[i] >= rule.steps ? 1 : 0;
    if (value == values->end() || streaks_[i] != rule.steps) continue;
    const bool above = value->second > rule.above;
    alarms.push_back({rule.act == HealthAct::kStop,
                      Concat("step ", StepNumber(step), ": ", rule.metric, " is ", value->second, ", ", above ? "above " : "below ",
                             above ? rule.above : rule.below, rule.steps > 1 ? Concat(" in ", rule.steps, " steps in a row") : "",
                             " (monitor.health.", i, ")")});
  }
  if (!rules_.empty()) (*values)["health/alarms"] = static_cast<double>(broken);
  return alarms;
}

void SoundAlarms(const std::vector<HealthWatch::Alarm>& alarms, Progress* progress) {
  for (const HealthWatch::Alarm& alarm : alarms) {
    TEMPER_LOG(Warn, alarm.text);
    progress->Note("health: " + alarm.text);
  }
  for (const HealthWatch::Alarm& alarm : alarms) {
    if (!alarm.stop) continue;
    throw ExitRequest(kExitUnhealthy, Concat("training is unhealthy: ", alarm.text,
                                             "; the newest checkpoint is of a step before, and --resume FOLDER goes back to an older one"));
  }
}

}  // namespace temper
