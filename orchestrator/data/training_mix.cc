#include "orchestrator/data/training_mix.h"

#include <utility>

#include "cluster/base/error.h"

namespace temper {

void CheckTrainingMix(const ExperimentConfig& config, const DataFiles& files, const std::vector<Prompt>& train,
                      const std::vector<Demonstration>& demonstrations, const std::vector<EvaluatedSuite>& evaluated) {
  if (config.data.source != DataSource::kFiles) return;
  const auto check = [&](TrainingFile file) {
    file.columns = FirstColumns(file.path);
    if (const std::string problem = EvalOnlyProblem(file, evaluated); !problem.empty()) throw ConfigError(problem);
  };
  const bool imitates_prompts = config.HasStage("sft") && files.demonstrations.empty();  // their template answers
  if (config.HasStage("rl") || imitates_prompts) {
    TrainingFile prompts{"data.path", files.prompts, {}, {}};
    for (const Prompt& prompt : train) prompts.prompts.push_back(prompt.text);
    check(std::move(prompts));
  }
  if (config.HasStage("sft") && !files.demonstrations.empty()) {
    TrainingFile answered{"data.demonstrations", files.demonstrations, {}, {}};
    for (const Demonstration& demonstration : demonstrations) answered.prompts.push_back(demonstration.prompt.text);
    check(std::move(answered));
  }
}

}  // namespace temper
