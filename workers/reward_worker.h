#pragma once

#include <memory>

#include "cluster/bus.h"
#include "cluster/telemetry/telemetry.h"
#include "reward/grader.h"
#include "workers/wire.h"

namespace temper {

// Grades completions. One loop over the bus: a task is the answers of one group, with nothing but prompt, final answer and category.
class RewardWorker {
 public:
  // bus and telemetry are borrowed; `welcome` is the answer to the registration.
  RewardWorker(BusClient* bus, Telemetry* telemetry, const std::string& welcome);

  // One turn; false when the orchestrator asked to leave and everything is delivered.
  bool RunOnce();

 private:
  BusClient* bus_;
  Telemetry* telemetry_;
  std::unique_ptr<Grader> grader_;
  uint64_t graded_ = 0;
};

}  // namespace temper
