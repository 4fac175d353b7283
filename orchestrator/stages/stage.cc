#include "orchestrator/stages/stage.h"

#include <algorithm>
#include <filesystem>

#include "cluster/base/log.h"

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
  LearnerTask task;
  task.kind = LearnerTask::Kind::kInitialize;
  task.config_json = ToConfigJson(context.data->model);
  task.seed = static_cast<uint64_t>(config.run.seed);
  context.bus->OrderAndWait(ForAll(context, task));
}

void LoadPolicy(const StageContext& context, const std::string& weights_folder) {
  LearnerTask task;
  task.kind = LearnerTask::Kind::kLoadModel;
  task.folder = std::filesystem::absolute(weights_folder);
  context.bus->OrderAndWait(ForAll(context, task), std::max(kMinLoadDeadline, context.config->cluster.step_timeout_s));
}

WeightRef PublishPolicy(const StageContext& context, int64_t version) {
  LearnerTask task;
  task.kind = LearnerTask::Kind::kPublish;
  task.publish_version = version;
  return context.bus->OrderAndWait(ForAll(context, task)).published;
}

void ExportPolicy(const StageContext& context, const std::string& weights_folder) {
  std::filesystem::create_directories(std::filesystem::path(weights_folder).parent_path());
  LearnerTask task;
  task.kind = LearnerTask::Kind::kExport;
  task.folder = std::filesystem::absolute(weights_folder);
  task.tokenizer_json = context.data->tokenizer_json;
  context.bus->OrderAndWait(ForAll(context, task), std::max(kMinLoadDeadline, context.config->cluster.step_timeout_s));
}

void Preempt(const std::string& what) {
  throw ExitRequest(kExitPreempted, Concat("preempted: stopped by a signal ", what, "; start the same command again to go on"));
}

}  // namespace temper
