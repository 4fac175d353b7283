#include <cstdio>

#include "cluster/error.h"
#include "cluster/monitor/metric_document.h"
#include "orchestrator/cli.h"

namespace temper {

int MetricsCommand() {
  std::printf("%s", MetricDocument().c_str());
  return kExitDone;
}

}  // namespace temper
