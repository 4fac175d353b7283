#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "cluster/metrics/metric_sink.h"
#include "orchestrator/stages/gold_probes.h"
#include "orchestrator/stages/stage_context.h"

namespace temper {

// The gold probes of an RL stage on the bus. Without reward.gold nothing rides along and every call does nothing.
class GoldRide {
 public:
  // context: borrowed. first_step: where the stage begins or goes on.
  GoldRide(const StageContext& context, int64_t first_step);

  // Sends the probes of the step to be graded, among the answers that are.
  void Issue(int64_t step);
  // Takes the grades of a group that is a probe; false where it is not.
  bool Take(uint64_t group_id, const std::vector<Grade>& grades);
  // Whether nothing of the step is still to be graded.
  bool Complete(int64_t step) const { return probes_ == nullptr || probes_->Complete(step); }
  // Adds gold/* to the row of a complete step, and warns of drift. Returns why the run must end, "" = it need not.
  std::string Finish(int64_t step, StepRow* row);

 private:
  const StageContext& context_;
  std::unique_ptr<GoldProbes> probes_;  // null = none
};

}  // namespace temper
