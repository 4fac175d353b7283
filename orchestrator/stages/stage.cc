#include "orchestrator/stages/stage.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "cluster/base/log.h"
#include "orchestrator/stages/progress.h"

namespace temper {
namespace {

constexpr double kMinLoadDeadline = 300;  // reading a model from disk

}  // namespace

std::vector<LearnerTask> ForAll(const StageContext& context, const LearnerTask& task) {
  return std::vector<LearnerTask>(static_cast<size_t>(context.num_learners), task);
}

void StartPolicy(const StageContext& context) {
  const ExperimentConfig& config = *context.config;
  if (!config.policy.path.empty()) return LoadPolicy(context, config.policy.path);
  InitializeOrder order{ToConfigJson(context.data->model), static_cast<uint64_t>(config.run.seed)};
  context.bus->OrderAndWait(ForAll(context, {std::move(order)}));
}

void LoadPolicy(const StageContext& context, const std::string& weights_folder) {
  Progress(context.config->monitor.progress, context.label, 1).Note("loading the policy from " + weights_folder);
  LoadModelOrder order{std::filesystem::absolute(weights_folder), context.config->policy.skip_tensors};
  context.bus->OrderAndWait(ForAll(context, {std::move(order)}), std::max(kMinLoadDeadline, context.config->cluster.step_timeout_s));
}

WeightRef PublishPolicy(const StageContext& context, int64_t version) {
  return context.bus->OrderAndWait(ForAll(context, {PublishOrder{.version = version}})).published;
}

void ExportPolicy(const StageContext& context, const std::string& weights_folder) {
  std::filesystem::create_directories(std::filesystem::path(weights_folder).parent_path());
  ExportOrder order{std::filesystem::absolute(weights_folder), context.data->tokenizer_json};
  context.bus->OrderAndWait(ForAll(context, {std::move(order)}), std::max(kMinLoadDeadline, context.config->cluster.step_timeout_s));
}

void Preempt(const std::string& what) {
  throw ExitRequest(kExitPreempted, Concat("preempted: stopped by a signal ", what, "; start the same command again to go on"));
}

}  // namespace temper
