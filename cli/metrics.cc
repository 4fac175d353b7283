// temper metrics: docs/METRICS.md, generated from the metrics that the program declares.
#include <iostream>

#include "cli/commands.h"
#include "cluster/base/error.h"
#include "cluster/metrics/metric_document.h"

namespace temper {
namespace {

int MetricsCommand() {
  std::cout << MetricDocument();
  return kExitDone;
}

}  // namespace

void AddMetricsCommand(const CommandContext& context) {
  AddCommand(context, "metrics", "prints docs/METRICS.md: every metric with its unit, denominator and meaning",
             {{"temper metrics | grep frac_dead_groups", "what a metric means"}}, MetricsCommand);
}

}  // namespace temper
