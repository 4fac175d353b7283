#include "orchestrator/config/derived.h"

namespace temper {

RlOptions LossOf(const ExperimentConfig& config) {
  RlOptions options = config.rl.loss;
  options.temperature = config.rollout.sampling.temperature;
  options.step_completions = config.rl.prompts_per_step * config.rollout.group_size;
  options.max_completion_tokens = config.rollout.sampling.max_new_tokens;
  options.advantage = config.rl.advantage;
  return options;
}

LearnerOptions LearnerOptionsOf(const ExperimentConfig& config) {
  LearnerOptions options = config.learner;
  options.threads = config.cluster.learner_threads;
  options.dtype = config.policy.dtype;
  options.lora = LoraOf(config);
  return options;
}

LoraOptions LoraOf(const ExperimentConfig& config) {
  LoraOptions options = config.policy.lora;
  options.seed = static_cast<uint64_t>(config.run.seed);
  return options;
}

WorldOptions WorldOf(const ExperimentConfig& config) {
  WorldOptions options = config.data.world;
  options.seed = static_cast<uint64_t>(config.run.seed);
  return options;
}

}  // namespace temper
