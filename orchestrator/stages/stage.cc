#include "orchestrator/stages/stage.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "cluster/base/file.h"
#include "cluster/base/log.h"
#include "cluster/host/stop_signals.h"
#include "orchestrator/stages/progress.h"
#include "record/checkpoint.h"
#include "record/manifest.h"

namespace temper {
namespace {

constexpr char kUnlisted[] = ".unlisted";  // of a folder's name until it has its manifest
constexpr double kMinLoadDeadline = 300;   // reading a model from disk

namespace fs = std::filesystem;

// For reading or writing a model.
double DiskDeadline(const StageContext& context) { return std::max(kMinLoadDeadline, context.config->cluster.step_timeout_s); }

void OrderLoad(const StageContext& context, const std::string& folder) {
  Progress(context.config->monitor.progress, "policy", 1).Note("loading from " + folder);
  LoadModelOrder order{fs::absolute(folder), context.config->policy.skip_tensors};
  context.bus->OrderAndWait(ForAll(context, {std::move(order)}), DiskDeadline(context));
}

}  // namespace

std::vector<LearnerTask> ForAll(const StageContext& context, const LearnerTask& task) {
  return std::vector<LearnerTask>(static_cast<size_t>(context.num_learners), task);
}

void StartPolicy(const StageContext& context) {
  const ExperimentConfig& config = *context.config;
  if (!config.policy.path.empty()) return OrderLoad(context, config.policy.path);
  InitializeOrder order{ToConfigJson(context.data->model), static_cast<uint64_t>(config.run.seed)};
  context.bus->OrderAndWait(ForAll(context, {std::move(order)}));
}

void LoadPolicy(const StageContext& context, const std::string& weights_folder) {
  const PolicyConfig& policy = context.config->policy;
  if (weights_folder == policy.path) return StartPolicy(context);
  CheckPolicy(weights_folder);
  if (!policy.lora.enabled()) return OrderLoad(context, weights_folder);
  StartPolicy(context);
  LoadAdapterOrder order{fs::absolute(weights_folder)};
  context.bus->OrderAndWait(ForAll(context, {std::move(order)}), DiskDeadline(context));
}

WeightRef PublishPolicy(const StageContext& context, int64_t version) {
  return context.bus->OrderAndWait(ForAll(context, {PublishOrder{.version = version}})).published;
}

void ExportPolicy(const StageContext& context, const std::string& weights_folder) {
  const PolicyConfig& policy = context.config->policy;
  const std::string unlisted = weights_folder + kUnlisted;
  fs::create_directories(fs::path(weights_folder).parent_path());
  ExportOrder order{fs::absolute(unlisted), context.data->tokenizer_json, "", true};
  if (policy.lora.enabled() && !policy.path.empty()) {
    order.base = fs::absolute(policy.path).lexically_normal();
    order.merged = policy.lora.write_merged;
  }
  context.bus->OrderAndWait(ForAll(context, {std::move(order)}), DiskDeadline(context));
  WriteManifest(unlisted, std::nullopt);
  fs::remove_all(weights_folder);
  fs::rename(unlisted, weights_folder);
  FlushToDisk(fs::path(weights_folder).parent_path());
}

void Preempt(const std::string& what) {
  throw ExitRequest(kExitPreempted, Concat("preempted: stopped by a signal ", what, "; start the same command again to go on"));
}

void PreemptIfAsked(const std::string& what) {
  if (StopRequested()) Preempt(what);
}

}  // namespace temper
