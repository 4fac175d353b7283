#include "workers/learner_worker.h"

#include "cluster/base/clock.h"
#include "cluster/base/log.h"
#include "cluster/host/process_stats.h"
#include "cluster/telemetry/telemetry_phases.h"
#include "policy/formats/hf_checkpoint.h"
#include "policy/formats/peft_adapter.h"

namespace temper {
namespace {

constexpr auto kIdleWait = std::chrono::milliseconds(200);

}  // namespace

const char* PhaseOf(LearnerTask::Kind kind) {
  using Kind = LearnerTask::Kind;
  switch (kind) {
    case Kind::kInitialize:
    case Kind::kLoadModel:
    case Kind::kBeginStage:
    case Kind::kLoad:
      return phase::kLoad;
    case Kind::kSft:
    case Kind::kRl:
      return phase::kUpdate;
    case Kind::kPublish:
      return phase::kPublish;
    case Kind::kSave:
      return phase::kCheckpoint;
    case Kind::kExport:
      return phase::kExport;
  }
  return phase::kLoad;
}

LearnerWorker::LearnerWorker(BusClient* bus, Communicator* communicator, Telemetry* telemetry, MetricsEndpoint* metrics,
                             const LearnerWorkerOptions& options)
    : bus_(bus), communicator_(communicator), telemetry_(telemetry), metrics_(metrics), options_(options) {
  options_.learner.telemetry = telemetry_;
  telemetry_->SetAfterPart([this] { bus_->Beat(false); });  // an update may take long
  if (communicator_->rank() == 0) publisher_ = std::make_unique<WeightPublisher>(options_.weight_folder, options_.keep_versions);
}

LearnerWorker::~LearnerWorker() = default;

bool LearnerWorker::RunOnce() {
  telemetry_->Enter(phase::kWaitTask);
  bus_->Poll(kIdleWait);
  while (const auto task = bus_->NextTask()) {
    LearnerResult result;
    try {
      const LearnerTask order = LearnerTask::Decode(task->payload);
      telemetry_->Enter(PhaseOf(order.kind), order.step, order.kind == LearnerTask::Kind::kPublish ? order.publish_version : -1);
      bus_->Beat(true);
      result = Do(order);
    } catch (const std::exception& error) {
      result.error = error.what();
      result.user_error = dynamic_cast<const ConfigError*>(&error) != nullptr;
      LogFileLine(LogLevel::kError, error.what());  // the orchestrator says it to the user
    }
    bus_->SendResult(task->id, result.Encode());
    bus_->SetProgress(++done_);
    Show(result.report);
    bus_->Poll(std::chrono::milliseconds(0));
  }
  return !bus_->draining();
}

void LearnerWorker::Show(const UpdateReport& report) const {
  metrics_->Set("perf/orders", static_cast<double>(done_));
  for (const auto& [name, value] : report) metrics_->Set(name, value);
}

void LearnerWorker::Adopt(Transformer model) {
  learner_.reset();
  model.MoveTo(options_.device);
  model_ = std::make_unique<Transformer>(std::move(model));
  learner_ = std::make_unique<Learner>(model_.get(), options_.learner, communicator_);
}

void LearnerWorker::Export(const LearnerTask& task) const {
  SaveOptions options{.tokenizer_json = task.tokenizer_json, .companions = companions_};
  if (const LoraAdapter* adapter = model_->adapter())
    options.write_more = [&](const std::string& folder) { SavePeftAdapter(*adapter, base_folder_, folder + "/adapter"); };
  SaveHfModel(*model_, options, task.folder);
}

LearnerResult LearnerWorker::Do(const LearnerTask& task) {
  using Kind = LearnerTask::Kind;
  TEMPER_CHECK(learner_ != nullptr || task.kind == Kind::kInitialize || task.kind == Kind::kLoadModel, "learner has no model yet");
  LearnerResult result;
  const Stopwatch watch;
  const double cpu_before = ReadProcessStats().cpu_s;
  switch (task.kind) {
    case Kind::kInitialize: {
      Transformer model(ParseTransformerConfig(task.config_json));
      model.Initialize(task.seed);
      Adopt(std::move(model));
      base_folder_.clear();
      break;
    }
    case Kind::kLoadModel:
      Adopt(LoadHfModel(task.folder));
      base_folder_ = task.folder;
      if (communicator_->rank() == 0) companions_ = ReadCompanionFiles(task.folder);
      break;
    case Kind::kBeginStage:
      learner_->BeginStage(task.optimizer, task.total_steps);
      if (task.set_reference) learner_->SetReference();
      break;
    case Kind::kSft:
      result.report = learner_->SftUpdate(task.examples);
      break;
    case Kind::kRl:
      result.report = learner_->RlUpdate(task.groups, task.rl);
      break;
    case Kind::kPublish:
      break;
    case Kind::kSave:
      learner_->Save(task.folder);
      break;
    case Kind::kLoad:
      learner_->Load(task.folder);
      break;
    case Kind::kExport:
      if (communicator_->rank() == 0) Export(task);
      break;
  }
  if (task.kind == Kind::kSft || task.kind == Kind::kRl) {
    const ProcessStats used = ReadProcessStats();
    result.report["timing_s/update"] = watch.Seconds();
    result.report["sys/learner_rss_bytes"] = used.rss_bytes;
    result.report["sys/learner_cpu_cores"] = (used.cpu_s - cpu_before) / watch.Seconds();
    telemetry_->Count(result.report["perf/stream_tokens"]);
  }
  if (task.publish_version >= 0 && publisher_ != nullptr) Publish(task.publish_version, &result);
  return result;
}

void LearnerWorker::Publish(int64_t version, LearnerResult* result) {
  telemetry_->Enter(phase::kPublish, version - 1, version);
  const Stopwatch watch;
  const at::Tensor flat = model_->flat().cpu();
  result->published = publisher_->Publish(version, flat.const_data_ptr<float>(), static_cast<uint64_t>(flat.numel()) * sizeof(float));
  result->report["timing_s/publish"] = watch.Seconds();
  telemetry_->SetPolicyVersion(version);
}

}  // namespace temper
