#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "cluster/host/command_feed.h"
#include "cluster/host/process_stats.h"
#include "cluster/metrics/metric_sink.h"
#include "cluster/metrics/metrics_endpoint.h"
#include "orchestrator/stages/stage_context.h"

namespace temper {

// What the sinks of all stages of a job share, at the orchestrator.
struct JobMetrics {
  JobMetrics(const EndpointOptions& options, std::unique_ptr<CommandFeed> command_feed);
  MetricsEndpoint endpoint;
  std::unique_ptr<CommandFeed> command;  // null = none is wanted
  SinkFailures failures;
  int64_t rows = 0;  // written so far
};

// The rows of one stage: completes them and gives them to metrics.jsonl, TensorBoard, Prometheus and a command, as far as the config wants
// them.
class StageMetrics {
 public:
  // stage: sft | rl | eval; steps_done: where it goes on, 0 = it begins. Rows go to the stage's metrics, of eval to its own file of them.
  StageMetrics(const StageContext& context, const std::string& stage, int64_t steps_done);
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
