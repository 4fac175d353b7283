#pragma once

#include <memory>

#include "cluster/bus/bus.h"
#include "cluster/metrics/metrics_endpoint.h"
#include "cluster/telemetry/telemetry.h"
#include "reward/graders/grader.h"
#include "workers/wire.h"

namespace temper {

// Grades completions. One loop over the bus: a task is the answers of one group, with nothing but prompt, final answer and category.
class RewardWorker {
 public:
  // bus, telemetry and metrics are borrowed; `welcome` is the answer to the registration.
  RewardWorker(BusClient* bus, Telemetry* telemetry, MetricsEndpoint* metrics, const std::string& welcome);

  // One turn; false when the orchestrator asked to leave and everything is delivered.
  bool RunOnce();

 private:
  void Count(const std::vector<Grade>& grades);

  BusClient* bus_;
  Telemetry* telemetry_;
  MetricsEndpoint* metrics_;
  std::unique_ptr<Grader> grader_;
  uint64_t graded_ = 0;
  uint64_t failed_ = 0;
};

}  // namespace temper
