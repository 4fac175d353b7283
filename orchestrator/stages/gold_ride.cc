#include "orchestrator/stages/gold_ride.h"

#include "cluster/base/error.h"
#include "cluster/base/log.h"
#include "orchestrator/config/group_id.h"

namespace temper {

GoldRide::GoldRide(const StageContext& context, int64_t first_step) : context_(context) {
  if (context.data->gold.answers.empty()) return;
  const ExperimentConfig& config = *context.config;
  probes_ = std::make_unique<GoldProbes>(config.reward.gold, context.data->gold, static_cast<uint64_t>(config.run.seed),
                                         context.paths.Gold(), first_step, config.rl.steps);
}

void GoldRide::Issue(int64_t step) {
  if (!probes_) return;
  for (const GoldProbes::Probe& probe : probes_->ProbesOf(step)) {
    GroupSpec spec;
    spec.prompt = &probe.answer->prompt;
    spec.task.request.group_id = probe.group_id;
    spec.task.request.num_samples = 1;
    context_.bus->IssueDrawn(spec, probe.answer->response);
  }
}

bool GoldRide::Take(uint64_t group_id, const std::vector<Grade>& grades) {
  if (!IsGold(group_id)) return false;
  probes_->OnGraded(group_id, grades.at(0));
  return true;
}

std::string GoldRide::Finish(int64_t step, StepRow* row) {
  if (!probes_) return "";
  const std::string alarm = probes_->Finish(step, &row->values);
  if (alarm.empty()) return "";
  TEMPER_LOG(Warn, alarm);
  context_.monitor->Warn(alarm);
  return context_.config->reward.gold.on_drift == OnDrift::kStop ? alarm + " (reward.gold.on_drift: stop)" : "";
}

}  // namespace temper
