#include "learner/learner.h"

#include <cmath>
#include <exception>
#include <thread>

#include <ATen/Parallel.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/base/log.h"
#include "cluster/base/step_number.h"
#include "cluster/config/check.h"
#include "cluster/telemetry/telemetry.h"
#include "cluster/telemetry/telemetry_phases.h"
#include "learner/learner_state.h"
#include "learner/packed_attention.h"
#include "learner/portable_attention.h"
#include "policy/formats/peft_adapter.h"
#include "policy/kernels/compute_device.h"

namespace temper {
namespace {

// Readies the model for training: gives it adapters when the options ask for them. Returns a frozen copy of its parameters then, else null.
std::shared_ptr<const Transformer> Freeze(Transformer* model, const LearnerOptions& options) {
  model->SetComputeType(options.dtype == ComputeType::kBf16 ? at::kBFloat16 : at::kFloat);
  model->SetRecompute(options.recompute_activations);
  // Passes without a graph round as those with one do.
  if (model->portable()) model->SetInferenceType(model->compute_type());
  model->SetScoresAsTrained(true);
  if (!options.lora.enabled()) return nullptr;
  model->AddAdapter(options.lora);
  return FrozenCopy(*model);
}

}  // namespace

std::shared_ptr<Transformer> FrozenCopy(const Transformer& model) {
  auto copy = std::make_shared<Transformer>(model.Clone());
  copy->SetInferenceType(model.compute_type());
  copy->SetComputeType(model.compute_type());
  copy->SetScoresAsTrained(model.compute_type() != at::kFloat);  // in fp32 the faster kernels differ by rounding alone
  return copy;
}

LearnerState::LearnerState(Transformer* borrowed_model, const LearnerOptions& learner_options, Communicator* borrowed_communicator)
    : model(borrowed_model),
      options(learner_options),
      communicator(borrowed_communicator),
      base(Freeze(borrowed_model, learner_options)),
      gradient(borrowed_model->EnableGradients()),
      optimizer(borrowed_model->trainable_parameters(), borrowed_model->trainable(), gradient,
                borrowed_communicator->ShardOf(borrowed_communicator->rank(), static_cast<size_t>(gradient.numel()))) {
  CheckOptions("learner", options);
  TEMPER_CHECK(options.threads >= 1, "cluster.learner_threads is ", options.threads, ", must be at least 1");
  TEMPER_CHECK(options.threads == 1 || model->device().is_cpu(), "cluster.learner_threads is ", options.threads,
               ", but only one thread can give work to a GPU");
  for (int64_t i = 1; i < options.threads; ++i) replicas.push_back(model->Replica());
}

int64_t LearnerState::MicroBatchTokens(int64_t total, int64_t longest) const {
  const int64_t share = std::max<int64_t>(1, (total + options.threads - 1) / options.threads + longest);  // no tokens: an empty share
  return options.threads == 1 ? options.micro_batch_tokens : std::min(options.micro_batch_tokens, share);
}

void LearnerState::InThreads(const std::function<void(int64_t thread, const Transformer& own)>& work) {
  gradient.zero_();
  for (const Transformer& replica : replicas) replica.gradients().zero_();
  std::vector<std::exception_ptr> failures(replicas.size() + 1);
  const auto guarded = [&](int64_t thread, const Transformer& own) {
    try {
      work(thread, own);
    } catch (...) {
      failures[static_cast<size_t>(thread)] = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> threads;
    for (size_t i = 0; i < replicas.size(); ++i) {
      threads.emplace_back([&, i] {
        at::set_num_threads(1);
        guarded(static_cast<int64_t>(i) + 1, replicas[i]);
      });
    }
    guarded(0, *model);
  }
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
  for (const Transformer& replica : replicas) gradient.add_(replica.gradients());
}

TokenScores LearnerState::Score(const Transformer& scored, const MicroBatch& batch, double temperature) const {
  if (scored.portable()) return ScorePortable(scored, batch, temperature);
  const auto attention = std::make_shared<PackedAttention>(batch.groups, scored.config().layer_windows);
  const at::Tensor hidden_WD = scored.Hidden(batch.tokens_T, batch.positions_T, *attention, batch.wanted_W);
  TokenScores scores = ScoreTokens(at::index_select(hidden_WD, 0, batch.rows_N), scored.output_weight(), batch.targets_N, temperature);
  scores.attention = attention;
  return scores;
}

TokenScores LearnerState::ScorePortable(const Transformer& scored, const MicroBatch& batch, double temperature) const {
  const at::Device device = scored.device();
  const auto attention = std::make_shared<PortableAttention>(batch.groups, scored.config().layer_windows, device);
  const at::Tensor hidden_WD =
      scored.Hidden(batch.tokens_T.to(device), batch.positions_T.to(device), *attention, batch.wanted_W.to(device));
  TokenScores scores = ScoreTokensPortable(at::index_select(hidden_WD, 0, batch.rows_N.to(device)), scored.output_weight(),
                                           batch.targets_N.to(device), temperature, scored.compute_type());
  scores.attention = attention;
  return scores;
}

void LearnerState::Share(at::Tensor& flat, const std::function<void(float* data, size_t count)>& collective) {
  const auto count = static_cast<size_t>(flat.numel());
  if (flat.is_cpu() || communicator->TakesDeviceMemory()) return collective(flat.mutable_data_ptr<float>(), count);
  at::Tensor on_host = flat.cpu();
  collective(on_host.mutable_data_ptr<float>(), count);
  flat.copy_(on_host);
}

void LearnerState::Refresh() {
  if (base)
    model->MergeAdapter(*base);
  else
    model->WeightsChanged();
}

StepOutcome LearnerState::FinishStep(double loss, PhaseTimes* times) {
  {
    const ScopedTimer timer(&times->allreduce);
    const ScopedPart part(options.telemetry, phase::kReduce);
    Share(gradient, [&](float* data, size_t count) { communicator->ReduceScatterSum(data, count, "gradient"); });
  }
  StepOutcome outcome;
  {
    const ScopedTimer timer(&times->optimizer);
    const ScopedPart part(options.telemetry, phase::kOptimizer);
    outcome.grad_norm = ClipGradient(gradient, optimizer_options.max_grad_norm, *communicator);
    outcome.nonfinite = !std::isfinite(loss) || !std::isfinite(outcome.grad_norm);
    if (outcome.nonfinite) {
      TEMPER_LOG(Warn, "the update of step ", StepNumber(schedule_step), " is skipped: loss ", loss, ", gradient norm ", outcome.grad_norm);
      return outcome;
    }
    optimizer.Step(optimizer_options, learning_rate());
    Synchronize(gradient.device());
  }
  const ScopedTimer timer(&times->allreduce);
  const ScopedPart part(options.telemetry, phase::kReduce);
  const at::NoGradGuard no_grad;
  Share(model->trainable(), [&](float* data, size_t count) { communicator->AllGather(data, count, "parameters"); });
  Refresh();
  return outcome;
}

at::Tensor LearnerState::GatherShards(const at::Tensor& shard) const {
  at::Tensor whole = at::zeros({gradient.numel()}, at::kFloat);
  const auto own = communicator->ShardOf(communicator->rank(), static_cast<size_t>(whole.numel()));
  whole.narrow(0, static_cast<int64_t>(own.begin), static_cast<int64_t>(own.size())).copy_(shard);
  communicator->AllGather(whole.mutable_data_ptr<float>(), static_cast<size_t>(whole.numel()), "moments");
  return whole;
}

void ReportTimes(const PhaseTimes& times, Communicator& communicator, UpdateReport* report) {
  GlobalStats stats({}, {"forward_ref", "forward", "backward", "allreduce", "optimizer"});
  stats.Max("forward_ref", times.forward_ref);
  stats.Max("forward", times.forward);
  stats.Max("backward", times.backward);
  stats.Max("allreduce", times.allreduce);
  stats.Max("optimizer", times.optimizer);
  stats.AllReduce(communicator, "update times");
  for (const auto& [name, seconds] : stats.maxima()) (*report)["timing_s/" + name] = seconds;
}

Learner::Learner(Transformer* model, const LearnerOptions& options, Communicator* communicator)
    : state_(std::make_unique<LearnerState>(model, options, communicator)) {}

Learner::~Learner() = default;

void Learner::BeginStage(const OptimizerOptions& options, int64_t total_steps) {
  CheckOptions("optimizer", options);
  TEMPER_CHECK(total_steps > 0, "a stage of ", total_steps, " steps: must be positive");
  state_->optimizer_options = options;
  state_->total_steps = total_steps;
  state_->schedule_step = 0;
  state_->optimizer.Reset();
}

void Learner::SetStep(int64_t step) { state_->schedule_step = step; }

void Learner::SetReference() {
  const bool is_base = state_->base && state_->model->flat().equal(state_->base->flat());
  state_->reference = is_base ? state_->base : FrozenCopy(*state_->model);
  state_->reference_adapters = state_->base && !is_base ? state_->model->trainable().detach().clone() : at::Tensor();
}

void Learner::LoadAdapter(const std::string& folder) {
  TEMPER_CHECK(state_->base, "a learner without adapters (policy.lora.rank is 0) was told to load some");
  LoadPeftAdapter(folder, state_->model->trainable_parameters());
  state_->Refresh();
}

}  // namespace temper
