#include "orchestrator/config/health_options.h"

#include <algorithm>
#include <cmath>

#include "cluster/metrics/metric_table.h"

namespace temper {
namespace {

void Describe(HealthRule& c, ConfigFields& f) {
  f.String("metric", &c.metric, "a metric of RL steps (docs/METRICS.md)");
  f.Require("metric");
  f.Real("above", &c.above, {}, "a value above this breaks the rule");
  f.Real("below", &c.below, {}, "a value below this breaks the rule");
  f.Int("steps", &c.steps, {1, 1'000'000}, "so many steps in a row must break it");
  f.Enum("act", &c.act, "warn = a warning and a sentence in the report; stop = the job ends with exit code 76, too");
}

bool Each(const std::deque<HealthRule>& rules, bool (*holds)(const HealthRule&)) { return std::all_of(rules.begin(), rules.end(), holds); }

}  // namespace

void DescribeHealth(std::deque<HealthRule>* rules, ConfigFields& f) {
  f.ListOf("health", "what metrics of RL must not do, checked behind each step", [rules](size_t index, ConfigFields& entry) {
    if (rules->size() <= index) rules->resize(index + 1);
    Describe((*rules)[index], entry);
  });
  f.Rule([rules] { return Each(*rules, [](const HealthRule& rule) { return FindMetric(rule.metric).spec != nullptr; }); },
         "monitor.health[].metric must be one that docs/METRICS.md lists");
  f.Rule([rules] { return Each(*rules, [](const HealthRule& rule) { return std::isfinite(rule.above) || std::isfinite(rule.below); }); },
         "monitor.health[] must have a bound, above or below");
}

}  // namespace temper
