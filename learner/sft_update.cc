#include <algorithm>
#include <vector>

#include <ATen/core/Tensor.h>
#include <ATen/ops/full_like.h>
#include <torch/csrc/autograd/autograd.h>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/telemetry/telemetry.h"
#include "cluster/telemetry/telemetry_phases.h"
#include "learner/learner.h"
#include "learner/learner_state.h"
#include "policy/kernels/compute_device.h"

namespace temper {

// Loss: -sum of log pi over answer tokens / number of answer tokens of the global batch.
UpdateReport Learner::SftUpdate(std::span<const SftExample> share) {
  LearnerState& state = *state_;
  TEMPER_CHECK(state.total_steps > 0, "SftUpdate before BeginStage");
  int64_t total = 0;
  int64_t longest = 0;
  for (const SftExample& example : share) {
    total += static_cast<int64_t>(example.tokens.size());
    longest = std::max(longest, static_cast<int64_t>(example.tokens.size()));
  }
  const std::vector<MicroBatch> batches = PackExamples(share, state.MicroBatchTokens(total, longest), state.model->config());
  GlobalStats counts({"loss_tokens", "stream_tokens", "sequences", "micro_batches"}, {});
  for (const MicroBatch& batch : batches) {
    counts.Add("loss_tokens", static_cast<double>(batch.num_rows()));
    counts.Add("stream_tokens", static_cast<double>(batch.num_tokens()));
    counts.Add("sequences", static_cast<double>(batch.samples.size()));
    counts.Add("micro_batches", 1);
  }
  counts.AllReduce(*state.communicator, "token counts");
  TEMPER_CHECK(counts.sum("loss_tokens") > 0, "SFT update without any answer token");

  const double weight = 1 / counts.sum("loss_tokens");
  struct Part {
    PhaseTimes times;
    double logprob = 0;
    double entropy = 0;
  };
  std::vector<Part> parts(static_cast<size_t>(state.options.threads));
  state.InThreads([&](int64_t thread, const Transformer& own) {
    Part& part = parts[static_cast<size_t>(thread)];
    for (size_t i = static_cast<size_t>(thread); i < batches.size(); i += parts.size()) {
      const ScopedPart span(thread == 0 ? state.options.telemetry : nullptr, phase::kForwardBackward);
      TokenScores scores;
      {
        const ScopedTimer timer(&part.times.forward);
        scores = state.Score(own, batches[i], /*temperature=*/1.0);
        part.logprob += scores.logprob_N.sum(at::kDouble).item<double>();
        part.entropy += scores.entropy_N.sum(at::kDouble).item<double>();
      }
      const ScopedTimer timer(&part.times.backward);
      torch::autograd::backward({scores.logprob_N}, {at::full_like(scores.logprob_N.detach(), -weight)});
      Synchronize(own.device());
    }
  });
  PhaseTimes times;
  GlobalStats totals({"logprob", "entropy"}, {});
  for (const Part& part : parts) {
    times.TakeSlowest(part.times);
    totals.Add("logprob", part.logprob);
    totals.Add("entropy", part.entropy);
  }
  totals.AllReduce(*state.communicator, "SFT totals");

  UpdateReport report;
  report["actor/loss"] = -totals.sum("logprob") * weight;
  report["actor/entropy"] = totals.sum("entropy") * weight;
  report["actor/lr"] = state.learning_rate();
  const StepOutcome outcome = state.FinishStep(report["actor/loss"], &times);
  ++state.schedule_step;
  report["actor/grad_norm"] = outcome.grad_norm;
  report["actor/nonfinite"] = outcome.nonfinite ? 1 : 0;
  report["response/length_mean"] = counts.sum("loss_tokens") / counts.sum("sequences");
  report["perf/loss_tokens"] = counts.sum("loss_tokens");
  report["perf/stream_tokens"] = counts.sum("stream_tokens");
  report["perf/micro_batches"] = counts.sum("micro_batches");
  ReportTimes(times, *state.communicator, &report);
  return report;
}

}  // namespace temper
