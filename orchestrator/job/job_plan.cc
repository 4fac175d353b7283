#include <algorithm>
#include <set>

#include "orchestrator/job/job.h"

// Which arms share what, and the order in which a job does its stages.
namespace temper {

std::vector<Job::ArmState*> Job::SharingStart(size_t first) {
  std::vector<ArmState*> sharing;
  for (size_t i = first; i < arms_.size(); ++i) {
    if (arms_[i].arm->sft_signature == arms_[first].arm->sft_signature) sharing.push_back(&arms_[i]);
  }
  return sharing;
}

std::vector<std::vector<Job::ArmState*>> Job::EvaluatedAlike(const std::vector<ArmState*>& sharing) {
  std::vector<std::vector<ArmState*>> alike;
  for (ArmState* arm : sharing) {
    const ExperimentConfig& config = arm->arm->config;
    if (!config.HasStage("eval") || !config.HasStage("rl") || !config.eval.at_start) continue;
    const auto same = std::find_if(alike.begin(), alike.end(), [&](const std::vector<ArmState*>& others) {
      return others.front()->arm->eval_signature == arm->arm->eval_signature;
    });
    if (same == alike.end()) {
      alike.push_back({arm});
    } else {
      same->push_back(arm);
    }
  }
  return alike;
}

std::vector<PlannedStage> Job::Plan() {
  std::vector<PlannedStage> plan;
  const auto evaluate = [&](const ArmState& arm) {
    int64_t prompts = 0;
    for (const EvalSet& set : arm.data.eval_sets) prompts += static_cast<int64_t>(set.prompts.size());
    plan.push_back({arm.arm->name, "eval", prompts});
  };
  std::set<const ArmState*> started;
  for (size_t i = 0; i < arms_.size(); ++i) {
    if (started.contains(&arms_[i])) continue;
    const std::vector<ArmState*> sharing = SharingStart(i);
    started.insert(sharing.begin(), sharing.end());
    const ExperimentConfig& config = arms_[i].arm->config;
    if (config.HasStage("sft")) plan.push_back({arms_[i].arm->name, "sft", config.sft.steps});
    for (const std::vector<ArmState*>& alike : EvaluatedAlike(sharing)) evaluate(*alike.front());
  }
  for (const ArmState& arm : arms_) {
    const ExperimentConfig& config = arm.arm->config;
    if (config.HasStage("rl")) plan.push_back({arm.arm->name, "rl", config.rl.steps});
    if (config.HasStage("eval")) evaluate(arm);
  }
  return plan;
}

}  // namespace temper
