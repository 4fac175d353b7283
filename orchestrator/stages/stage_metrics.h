#pragma once

#include <cstdint>
#include <string>

#include "cluster/host/process_stats.h"
#include "cluster/metrics/metric_sink.h"
#include "cluster/metrics/metrics_endpoint.h"
#include "orchestrator/stages/stage_context.h"

namespace temper {

// What the sinks of all stages of a job share, at the orchestrator.
struct JobMetrics {
  explicit JobMetrics(const EndpointOptions& options);
  MetricsEndpoint endpoint;
  SinkFailures failures;
  int64_t rows = 0;  // written so far
};

// The rows of one stage: completes them and gives them to metrics.jsonl, TensorBoard and Prometheus, as far as the config wants them.
class StageMetrics {
 public:
  // stage: sft | rl | eval; first_step: where it begins or goes on. Rows go to the stage's metrics, of eval to its own file of them.
  StageMetrics(const StageContext& context, const std::string& stage, int64_t first_step);
  // Adds stage, time and sys/* to what is known of the step.
  void Write(StepRow row);

 private:
  void AddProcess(StepRow* row);

  const StageContext& context_;
  std::string stage_;
  MetricSinks sinks_;
  double cpu_s_;  // of this process at the last row
};

}  // namespace temper
