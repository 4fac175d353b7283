#include "orchestrator/config/derived.h"

#include <algorithm>

#include "cluster/host/cores.h"

namespace temper {
namespace {

constexpr int64_t kMostWithGradients = 4;  // each thread holds a gradient of the whole model

}  // namespace

RlOptions LossOf(const ExperimentConfig& config) {
  RlOptions options = config.rl.loss;
  options.temperature = config.rollout.sampling.temperature;
  options.step_completions = config.rl.prompts_per_step * config.rollout.group_size;
  options.max_completion_tokens = config.rollout.sampling.max_new_tokens;
  options.advantage = config.rl.advantage;
  return options;
}

LearnerOptions LearnerOptionsOf(const ExperimentConfig& config, int64_t learners_here) {
  LearnerOptions options = config.learner;
  const int64_t asked = config.cluster.learner_threads;
  options.dtype = config.policy.dtype;
  options.lora = LoraOf(config);
  const int64_t share = ShareOfCores(UsableCores(), learners_here, Overlaps(config));
  options.threads = asked > 0 ? asked : std::min(share, options.lora.rank > 0 ? kMostShared : kMostWithGradients);
  return options;
}

bool NeedsUnsafeAnswers(const ExperimentConfig& config) {
  return (config.HasStage("sft") && config.sft.derta.enabled()) || (config.HasStage("eval") && !config.prefill.depths.empty());
}

bool Overlaps(const ExperimentConfig& config) { return config.rl.max_staleness > 0; }

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
