#include "orchestrator/data/prompt_plan.h"

#include <algorithm>

#include "orchestrator/config/group_id.h"
#include "orchestrator/data/data_store.h"

namespace temper {
namespace {

StratifiedOrder OrderOf(const ExperimentConfig& config, const std::vector<Prompt>& prompts, const std::string& purpose) {
  auto strata = StrataByIntent(prompts);
  if (!config.data.stratify_by_intent) {
    std::vector<int64_t> all;
    for (size_t i = 0; i < prompts.size(); ++i) all.push_back(static_cast<int64_t>(i));
    strata = {all};
  }
  return StratifiedOrder(static_cast<uint64_t>(config.run.seed), purpose, strata);
}

}  // namespace

PromptPlan::PromptPlan(const ExperimentConfig& config, const std::vector<Prompt>& prompts)
    : prompts_(prompts),
      per_step_(config.rl.prompts_per_step),
      replacements_(std::max<int64_t>(1, config.rl.max_resampled_per_step)),
      main_(OrderOf(config, prompts, "rl")),
      spare_(OrderOf(config, prompts, "rl replacements")) {}

const Prompt& PromptPlan::PromptOf(uint64_t group) {
  const int64_t step = StepOfGroup(group);
  const int64_t index = IndexOfGroup(group);
  const bool replacement = index >= per_step_;
  StratifiedOrder& order = replacement ? spare_ : main_;
  order.Seek(replacement ? step * replacements_ + index - per_step_ : step * per_step_ + index);
  return prompts_[static_cast<size_t>(order.Next())];
}

}  // namespace temper
