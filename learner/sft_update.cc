#include <algorithm>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/autograd.h>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/telemetry/telemetry.h"
#include "cluster/telemetry/telemetry_phases.h"
#include "learner/learner.h"
#include "learner/learner_state.h"
#include "policy/kernels/compute_device.h"

namespace temper {

namespace {

// Whether what is to be said is not the example's own answer.
bool IsTransition(const SftExample& example) { return !example.targets.empty(); }

// The weight of each row's loss.
at::Tensor RowWeights(const MicroBatch& batch, std::span<const SftExample> share, const at::Tensor& like) {
  at::Tensor weights = at::empty({batch.num_rows()}, at::kFloat);
  float* out = weights.mutable_data_ptr<float>();
  for (const PackedSample& sample : batch.samples)
    std::fill_n(out + sample.first_row, sample.num_rows, static_cast<float>(share[static_cast<size_t>(sample.group)].weight));
  return weights.to(like.device());
}

// What a micro-batch adds to the figures of an update: sums over its rows, and over those of transitions alone.
struct SftSums {
  double weighted = 0;  // weight log pi
  double transition = 0;
  double entropy = 0;

  void Add(const SftSums& other) {
    weighted += other.weighted;
    transition += other.transition;
    entropy += other.entropy;
  }
};

SftSums SumsOf(const MicroBatch& batch, std::span<const SftExample> share, const TokenScores& scores, const at::Tensor& weights_N) {
  SftSums sums;
  sums.weighted = (scores.logprob_N.detach() * weights_N).sum(at::kDouble).item<double>();
  sums.entropy = scores.entropy_N.sum(at::kDouble).item<double>();
  for (const PackedSample& sample : batch.samples) {
    if (!IsTransition(share[static_cast<size_t>(sample.group)])) continue;
    sums.transition += scores.logprob_N.detach().narrow(0, sample.first_row, sample.num_rows).sum(at::kDouble).item<double>();
  }
  return sums;
}

// Rows, tokens and sequences of the share; those of transitions are no answers.
GlobalStats CountsOf(const std::vector<MicroBatch>& batches, std::span<const SftExample> share) {
  GlobalStats counts({"loss_tokens", "stream_tokens", "answers", "transition_tokens", "micro_batches"}, {});
  for (const MicroBatch& batch : batches) {
    counts.Add("loss_tokens", static_cast<double>(batch.num_rows()));
    counts.Add("stream_tokens", static_cast<double>(batch.num_tokens()));
    counts.Add("micro_batches", 1);
    for (const PackedSample& sample : batch.samples) {
      const bool transition = IsTransition(share[static_cast<size_t>(sample.group)]);
      counts.Add("answers", transition ? 0 : 1);
      counts.Add("transition_tokens", transition ? static_cast<double>(sample.num_rows) : 0);
    }
  }
  return counts;
}

std::vector<MicroBatch> BatchesOf(const LearnerState& state, std::span<const SftExample> share) {
  int64_t total = 0, longest = 0;
  for (const SftExample& example : share) {
    total += static_cast<int64_t>(example.tokens.size());
    longest = std::max(longest, static_cast<int64_t>(example.tokens.size()));
  }
  return PackExamples(share, state.MicroBatchTokens(total, longest), state.model->config());
}

// Of all learners: the loss of transitions, and how long answers are.
void ReportTransitions(const GlobalStats& counts, const GlobalStats& totals, UpdateReport* report) {
  const double transitions = counts.sum("transition_tokens");
  if (transitions > 0) {
    (*report)["transition/loss"] = -totals.sum("transition") / transitions;
    (*report)["transition/tokens"] = transitions;
  }
  if (counts.sum("answers") > 0) (*report)["response/length_mean"] = (counts.sum("loss_tokens") - transitions) / counts.sum("answers");
}

}  // namespace

// Loss: -sum of weight log pi(what is to be said) over the tokens with a loss / their number in the global batch.
UpdateReport Learner::SftUpdate(std::span<const SftExample> share) {
  LearnerState& state = *state_;
  TEMPER_CHECK(state.total_steps > 0, "SftUpdate before BeginStage");
  const std::vector<MicroBatch> batches = BatchesOf(state, share);
  GlobalStats counts = CountsOf(batches, share);
  counts.AllReduce(*state.communicator, "token counts");
  TEMPER_CHECK(counts.sum("loss_tokens") > 0, "SFT update without any answer token");

  const double weight = 1 / counts.sum("loss_tokens");
  struct Part {
    PhaseTimes times;
    SftSums sums;
  };
  std::vector<Part> parts(static_cast<size_t>(state.options.threads));
  state.InThreads([&](int64_t thread, const Transformer& own) {
    Part& part = parts[static_cast<size_t>(thread)];
    for (size_t i = static_cast<size_t>(thread); i < batches.size(); i += parts.size()) {
      const ScopedPart span(thread == 0 ? state.options.telemetry : nullptr, phase::kForwardBackward);
      TokenScores scores;
      at::Tensor weights_N;
      {
        const ScopedTimer timer(&part.times.forward);
        scores = state.Score(own, batches[i], /*temperature=*/1.0);
        weights_N = RowWeights(batches[i], share, scores.logprob_N);
        part.sums.Add(SumsOf(batches[i], share, scores, weights_N));
      }
      const ScopedTimer timer(&part.times.backward);
      torch::autograd::backward({scores.logprob_N}, {weights_N * -weight});
      Synchronize(own.device());
    }
  });
  PhaseTimes times;
  GlobalStats totals({"weighted", "transition", "entropy"}, {});
  for (const Part& part : parts) {
    times.TakeSlowest(part.times);
    totals.Add("weighted", part.sums.weighted);
    totals.Add("transition", part.sums.transition);
    totals.Add("entropy", part.sums.entropy);
  }
  totals.AllReduce(*state.communicator, "SFT totals");

  UpdateReport report;
  report["actor/loss"] = -totals.sum("weighted") * weight;
  report["actor/entropy"] = totals.sum("entropy") * weight;
  report["actor/lr"] = state.learning_rate();
  const StepOutcome outcome = state.FinishStep(report["actor/loss"], &times);
  ++state.schedule_step;
  report["actor/grad_norm"] = outcome.grad_norm;
  report["actor/nonfinite"] = outcome.nonfinite ? 1 : 0;
  ReportTransitions(counts, totals, &report);
  report["perf/loss_tokens"] = counts.sum("loss_tokens");
  report["perf/stream_tokens"] = counts.sum("stream_tokens");
  report["perf/micro_batches"] = counts.sum("micro_batches");
  ReportTimes(times, *state.communicator, &report);
  return report;
}

}  // namespace temper
