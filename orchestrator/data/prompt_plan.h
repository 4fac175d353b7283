#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "orchestrator/config/experiment_config.h"
#include "rollout/data/data_order.h"
#include "rollout/data/prompt.h"

namespace temper {

// Which prompt a group gets: a function of its step and index alone, so that nothing about the order of events can change it.
class PromptPlan {
 public:
  // prompts: borrowed.
  PromptPlan(const ExperimentConfig& config, const std::vector<Prompt>& prompts);

  // group: an id as GroupIdOf makes it.
  const Prompt& PromptOf(uint64_t group);

 private:
  const std::vector<Prompt>& prompts_;
  int64_t per_step_;
  int64_t replacements_;
  StratifiedOrder main_;
  StratifiedOrder spare_;  // of groups that replace others
};

}  // namespace temper
