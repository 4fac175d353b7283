#include "workers/rollout_worker.h"

#include <algorithm>
#include <utility>

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <c10/core/InferenceMode.h>

#include "cluster/base/clock.h"
#include "cluster/base/log.h"
#include "cluster/host/cores.h"
#include "cluster/telemetry/telemetry_phases.h"
#include "policy/kernels/compute_device.h"
#include "policy/kernels/torch_version.h"
#include "rollout/engine/generation_engine.h"

namespace temper {
namespace {

constexpr auto kSamplingWait = std::chrono::milliseconds(100);
constexpr auto kWeightDeadline = std::chrono::seconds(120);
constexpr double kAskAgainSeconds = 2;
constexpr double kMendSeconds = 15;  // for the learner to write weights again
constexpr double kLookAgainSeconds = 1;

}  // namespace

RolloutWorker::RolloutWorker(BusClient* bus, Telemetry* telemetry, MetricsEndpoint* metrics, const std::string& welcome, int local_rank,
                             int workers_here)
    : bus_(bus), telemetry_(telemetry), metrics_(metrics), welcome_(RolloutWelcome::Decode(welcome)) {
  const int64_t most = std::max<int64_t>(1, UsableCores() / workers_here);
  const int64_t wanted = welcome_.threads > 0 ? welcome_.threads : ShareOfCores(UsableCores(), workers_here, welcome_.overlaps);
  const int64_t threads = std::min(wanted, most);
  TEMPER_LOG(Info, "decoding with ", threads, " threads (cluster.rollout_threads: ", welcome_.threads, "): ", workers_here,
             " rollout workers share ", UsableCores(), " cores");
  at::set_num_threads(static_cast<int>(threads));
  model_ = std::make_unique<Transformer>(ParseTransformerConfig(welcome_.config_json));
  model_->MoveTo(ComputeDevice(welcome_.device, local_rank));
  TEMPER_LOG(Info, "computing on ", model_->device().str());
  if (welcome_.bf16) model_->SetInferenceType(at::kBFloat16);
  if (!welcome_.tokenizer_json.empty()) tokenizer_ = ParseTokenizer(welcome_.tokenizer_json);
  engine_ = std::make_unique<GenerationEngine>(
      model_.get(),
      EngineOptions{
          .slots = welcome_.slots, .max_tokens = welcome_.max_tokens, .tokenizer = tokenizer_.get(), .graphs = welcome_.cuda_graphs});
}

RolloutWorker::~RolloutWorker() = default;

bool RolloutWorker::RunOnce() {
  const bool nothing_to_do = engine_->idle() && pending_.empty();
  if (nothing_to_do) telemetry_->Enter(phase::kWaitTask);
  bus_->Poll(nothing_to_do ? kSamplingWait : std::chrono::milliseconds(0));
  Receive();
  Admit();
  if (!engine_->idle()) Draw();
  Show();
  return !(bus_->draining() && engine_->idle() && pending_.empty());
}

void RolloutWorker::Draw() {
  telemetry_->Enter(phase::kRollout, step_);
  const int64_t before = engine_->tokens_generated();
  try {
    for (TrajectoryGroup& group : engine_->Step()) Return(std::move(group));
  } catch (const Error& error) {  // of no single group that could be named: nobody can draw from such logits
    for (const auto& [group, running] : std::exchange(running_, {})) {
      engine_->Cancel(group);
      Refuse(running.id, error.what(), false);
    }
  }
  const int64_t drawn = engine_->tokens_generated();
  if (before == 0 && drawn > 0) TEMPER_LOG(Info, "first token sampled");
  ShowProgress(drawn - before);
  telemetry_->Count(static_cast<double>(drawn - before));
  telemetry_->SetGauge("groups_pending", static_cast<double>(pending_.size()));
  telemetry_->SetGauge("groups_running", static_cast<double>(running_.size()));
}

void RolloutWorker::ShowProgress(int64_t more) {
  progress_ += more;
  bus_->SetProgress(static_cast<uint64_t>(progress_));
}

void RolloutWorker::Show() const {
  metrics_->Set("perf/tokens_generated", static_cast<double>(engine_->tokens_generated()));
  metrics_->Set("queue/tasks_held", static_cast<double>(pending_.size() + running_.size()));
  metrics_->Set("sync/worker_version", static_cast<double>(loaded_.version));
}

void RolloutWorker::Receive() {
  if (bus_->NextWelcome()) {  // registered again: the orchestrator gives our tasks out again, maybe to us
    for (const auto& [group, running] : running_) engine_->Cancel(group);
    running_.clear();
    pending_.clear();
    loaded_ = {};  // an announcement may have been missed meanwhile
  }
  while (const auto task = bus_->NextTask()) {
    if (Holds(task->id)) continue;
    try {
      pending_.push_back({task->id, RolloutTask::Decode(task->payload)});
    } catch (const Error& error) {
      Refuse(task->id, error.what(), false);
    }
  }
  std::optional<std::string> newest;
  while (auto announced = bus_->NextAnnouncement()) newest = std::move(announced);
  if (newest) Load(WeightRef::Decode(*newest));
}

// A task whose lease ran out, during a long transfer of weights for one, may be given to the same worker again.
bool RolloutWorker::Holds(TaskId id) const {
  return std::any_of(pending_.begin(), pending_.end(), [id](const Pending& p) { return p.id == id; }) ||
         std::any_of(running_.begin(), running_.end(), [id](const auto& entry) { return entry.second.id == id; });
}

void RolloutWorker::Admit() {
  while (!pending_.empty()) {
    const RolloutTask& task = pending_.front().task;
    const bool other = task.weights.hash != loaded_.hash || task.weights.version != loaded_.version;
    if (other && task.exact && !engine_->idle()) return;  // what runs must end under the weights it began with
    if (other && (task.exact || task.weights.version > loaded_.version || loaded_.hash.empty())) Load(task.weights);
    step_ = static_cast<int64_t>(task.request.step);
    const TaskId id = pending_.front().id;
    try {
      engine_->Submit(task.request);
      running_[task.request.group_id] = {id, NowSeconds()};
    } catch (const ConfigError& error) {  // no worker can sample this prompt
      Refuse(id, error.what(), true);
    } catch (const Error& error) {
      Refuse(id, error.what(), false);
    }
    pending_.pop_front();
  }
}

std::string RolloutWorker::FetchChunk(const std::string& request) {
  const double begin = NowSeconds();
  const double end = begin + std::chrono::duration<double>(kWeightDeadline).count();
  for (double next = begin; NowSeconds() < end;) {
    if (NowSeconds() >= next) {
      if (next > begin) bus_->MissWeights(request);  // or the request was lost
      bus_->RequestWeights(request);
      next = NowSeconds() + kAskAgainSeconds;
    }
    bus_->Poll(std::chrono::milliseconds(50));
    auto chunk = bus_->NextWeightChunk();
    if (!chunk) continue;
    ShowProgress(1);
    return *chunk;
  }
  TEMPER_FAIL("weights: no chunk from the orchestrator within ", kWeightDeadline.count(), " s");
}

// Shared memory is anybody's to clear. The publisher has the numbers still, and writes them again when it hears of it.
void RolloutWorker::Fetch(const WeightRef& ref, std::span<char> out) {
  const std::string request = WeightChunkRequest{ref.version, ref.hash, 0}.Encode();
  const double end = NowSeconds() + kMendSeconds;
  for (;;) {
    try {
      return FetchWeights(
          ref, welcome_.force_remote_weights, [this](const std::string& asked) { return FetchChunk(asked); }, out);
    } catch (const Error& error) {
      if (NowSeconds() > end || !bus_->MissWeights(request)) throw;
      TEMPER_LOG(Warn, error.what(), "; asked for again");
    }
    for (const double next = NowSeconds() + kLookAgainSeconds; NowSeconds() < next;) bus_->Poll(std::chrono::milliseconds(50));
  }
}

void RolloutWorker::Load(const WeightRef& ref) {
  telemetry_->Enter(phase::kSync, -1, ref.version);
  const Stopwatch watch;
  at::Tensor& flat = model_->flat();
  at::Tensor numbers = flat.is_cpu() ? flat : at::empty({flat.numel()}, at::kFloat);
  Fetch(ref, {static_cast<char*>(numbers.data_ptr()), numbers.nbytes()});
  if (!flat.is_cpu()) flat.copy_(numbers);  // waits: the numbers are let go
  model_->WeightsChanged();
  engine_->SetVersion(ref.version);
  loaded_ = ref;
  telemetry_->SetPolicyVersion(ref.version);
  metrics_->Observe("sync/load_s", watch.Seconds());
}

void RolloutWorker::Return(TrajectoryGroup group) {
  const auto found = running_.find(group.group_id);
  if (found == running_.end()) return;
  const Running running = found->second;
  running_.erase(found);
  RolloutResult result;
  result.group = std::move(group);
  result.weight_hash = loaded_.hash;
  result.seconds = NowSeconds() - running.since;
  bus_->SendResult(running.id, result.Encode());
}

void RolloutWorker::Refuse(TaskId id, const std::string& why, bool user_error) {
  TEMPER_LOG(Warn, "rollout refused: ", why);
  bus_->SendResult(id, Refusal<RolloutResult>(why, user_error).Encode());
}

}  // namespace temper
