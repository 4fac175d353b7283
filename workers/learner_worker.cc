#include "workers/learner_worker.h"

#include <set>

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
  while (bus_->NextWelcome()) {
  }                               // registered again: nothing changes
  std::set<std::string> missing;  // during an update the same wish may have come many times
  while (auto announced = bus_->NextAnnouncement()) missing.insert(*std::move(announced));
  for (const std::string& request : missing) PublishAgain(request);
  while (const auto task = bus_->NextTask()) {
    if (task->id < last_order_) continue;  // answered, and so was another since
    if (task->id > last_order_) {
      const LearnerResult result = Answer(*task);
      last_order_ = task->id;
      last_result_ = result.Encode();
      bus_->SetProgress(++done_);
      Show(result.report);
    }
    bus_->SendResult(task->id, last_result_);
    bus_->Poll(std::chrono::milliseconds(0));
  }
  return !bus_->draining();
}

LearnerResult LearnerWorker::Answer(const BusTask& task) {
  try {
    const LearnerTask order = LearnerTask::Decode(task.payload);
    telemetry_->Enter(PhaseOf(order), StepOf(order), IsUpdate(order) ? -1 : PublishedBy(order));
    bus_->Beat(true);
    return Do(order);
  } catch (const std::exception& error) {
    LogFileLine(LogLevel::kError, error.what());  // the orchestrator says it to the user
    return Refusal<LearnerResult>(error.what(), dynamic_cast<const ConfigError*>(&error) != nullptr);
  }
}

void LearnerWorker::Show(const UpdateReport& report) const {
  metrics_->Set("perf/orders", static_cast<double>(done_));
  for (const auto& [name, value] : report) metrics_->Set(name, value);
}

void LearnerWorker::Adopt(Transformer model) {
  learner_.reset();
  if (options_.learner.lora.adapts_output()) model = model.Untied();
  model.MoveTo(options_.device);
  model_ = std::make_unique<Transformer>(std::move(model));
  learner_ = std::make_unique<Learner>(model_.get(), options_.learner, communicator_);
}

Learner& LearnerWorker::learner() const {
  TEMPER_CHECK(learner_ != nullptr, "learner has no model yet");
  return *learner_;
}

void LearnerWorker::CarryOut(const InitializeOrder& order, UpdateReport*) {
  Transformer model(ParseTransformerConfig(order.config_json));
  model.Initialize(order.seed);
  Adopt(std::move(model));
}

void LearnerWorker::CarryOut(const LoadModelOrder& order, UpdateReport*) {
  Adopt(LoadHfModel(order.folder, order.skip_tensors));
  if (communicator_->rank() == 0) companions_ = ReadCompanionFiles(order.folder);
}

void LearnerWorker::CarryOut(const LoadAdapterOrder& order, UpdateReport*) { learner().LoadAdapter(AdapterIn(order.folder)); }

void LearnerWorker::CarryOut(const BeginStageOrder& order, UpdateReport*) {
  learner().BeginStage(order.optimizer, order.total_steps);
  if (order.set_reference) learner().SetReference();
}

void LearnerWorker::CarryOut(const SftOrder& order, UpdateReport* report) {
  learner().SetStep(order.step);
  *report = learner().SftUpdate(order.examples);
}

void LearnerWorker::CarryOut(const RlOrder& order, UpdateReport* report) {
  learner().SetStep(order.step);
  *report = learner().RlUpdate(order.groups, order.options);
}

void LearnerWorker::CarryOut(const ScoreOrder& order, UpdateReport* report) { *report = learner().ScoreAnswers(order.examples); }

void LearnerWorker::CarryOut(const PublishOrder&, UpdateReport*) { learner(); }

void LearnerWorker::CarryOut(const SaveOrder& order, UpdateReport*) { learner().Save(order.folder); }

void LearnerWorker::CarryOut(const LoadOrder& order, UpdateReport*) { learner().Load(order.folder); }

void LearnerWorker::CarryOut(const ExportOrder& order, UpdateReport*) {
  learner();
  if (communicator_->rank() != 0) return;
  SaveOptions options{.tokenizer_json = order.tokenizer_json, .companions = companions_};
  const LoraAdapter* adapter = model_->adapter();
  if (adapter != nullptr && !order.merged) return SaveAdapter(*adapter, order.base, model_->config(), options, order.folder);
  if (adapter != nullptr) options.write_more = [&](const std::string& folder) { SavePeftAdapter(*adapter, order.base, AdapterIn(folder)); };
  SaveHfModel(*model_, options, order.folder);
}

LearnerResult LearnerWorker::Do(const LearnerTask& task) {
  LearnerResult result;
  const Stopwatch watch;
  const double cpu_before = ReadProcessStats().cpu_s;
  std::visit([&](const auto& order) { CarryOut(order, &result.report); }, task.order);
  if (IsUpdate(task)) {
    const ProcessStats used = ReadProcessStats();
    result.report["timing_s/update"] = watch.Seconds();
    result.report["sys/learner_rss_bytes"] = used.rss_bytes;
    result.report["sys/learner_cpu_cores"] = (used.cpu_s - cpu_before) / watch.Seconds();
    telemetry_->Count(result.report["perf/stream_tokens"]);
  }
  if (const int64_t version = PublishedBy(task); version >= 0 && publisher_ != nullptr) Publish(version, &result);
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

void LearnerWorker::PublishAgain(const std::string& request) {
  if (publisher_ == nullptr || model_ == nullptr) return;
  try {
    const WeightChunkRequest missing = WeightChunkRequest::Decode(request);
    const at::Tensor flat = model_->flat().cpu();
    const bool done = publisher_->PublishAgain(missing.version, missing.hash, flat.const_data_ptr<float>(),
                                               static_cast<uint64_t>(flat.numel()) * sizeof(float));
    TEMPER_LOG(Warn, "weights of version ", missing.version, " are missing in ", options_.weight_folder,
               done ? ": written again" : ": not written again, as they are no longer the newest");
  } catch (const std::exception& error) {  // the workers wait for a while, and then say so
    TEMPER_LOG(Error, error.what());
  }
}

}  // namespace temper
