#pragma once

#include <map>
#include <memory>

#include "cluster/bus/bus.h"
#include "cluster/metrics/metrics_endpoint.h"
#include "cluster/telemetry/telemetry.h"
#include "reward/graders/panel.h"
#include "workers/wire.h"

namespace temper {

// Grades completions. One loop over the bus: a task is the answers of one group, with nothing but
// prompt, final answer and category. A slow grader holds nothing up. Tasks are taken and heartbeats
// sent while it works, each collected grade is progress, and what it has not graded by its deadline
// becomes GradeOutcome::kTimeout. A task that does not decode is answered with the error.
class RewardWorker {
 public:
  // bus, telemetry and metrics are borrowed; `welcome` is the answer to the registration.
  RewardWorker(BusClient* bus, Telemetry* telemetry, MetricsEndpoint* metrics, const std::string& welcome,
               GraderFactory make = MakeGraders);

  // One turn; false when the orchestrator asked to leave.
  bool RunOnce();

 private:
  struct Pending {
    TaskId task = 0;
    size_t num_requests = 0;
    double since = 0;  // NowSeconds()
  };
  void Adopt(const std::string& welcome);
  bool Holds(TaskId task) const;
  void Start(const BusTask& task);
  void Collect();
  void GiveUpOverdue();
  void Return(TaskId task, std::vector<Grade> grades);
  void Count(const std::vector<Grade>& grades);

  BusClient* bus_;
  Telemetry* telemetry_;
  MetricsEndpoint* metrics_;
  GraderFactory make_;
  std::unique_ptr<Grader> grader_;
  double deadline_s_ = 0;
  std::map<Grader::Handle, Pending> pending_;  // in the grader's hands
  uint64_t graded_ = 0;
  uint64_t failed_ = 0;
};

}  // namespace temper
