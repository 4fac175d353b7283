#include <ATen/core/Tensor.h>
#include <ATen/ops/full_like.h>
#include <torch/csrc/autograd/autograd.h>

#include "cluster/error.h"
#include "learner/learner_state.h"

namespace temper {

// Loss: -sum of log pi over answer tokens / number of answer tokens of the global batch.
UpdateReport Learner::SftUpdate(std::span<const SftExample> share, const SftOptions&) {
  State& state = *state_;
  TEMPER_CHECK(state.total_steps > 0, "SftUpdate before BeginStage");
  const std::vector<MicroBatch> batches = PackExamples(share, state.options.micro_batch_tokens, state.model->config());
  GlobalStats counts({"loss_tokens", "stream_tokens", "sequences", "micro_batches"}, {});
  for (const MicroBatch& batch : batches) {
    counts.Add("loss_tokens", static_cast<double>(batch.num_rows()));
    counts.Add("stream_tokens", static_cast<double>(batch.num_tokens()));
    counts.Add("sequences", static_cast<double>(batch.samples.size()));
    counts.Add("micro_batches", 1);
  }
  counts.AllReduce(*state.communicator, "token counts");
  TEMPER_CHECK(counts.sum("loss_tokens") > 0, "SFT update without a single answer token on any learner");

  const double weight = 1 / counts.sum("loss_tokens");
  PhaseTimes times;
  GlobalStats totals({"logprob", "entropy"}, {});
  state.gradient.zero_();
  for (const MicroBatch& batch : batches) {
    TokenScores scores;
    {
      const ScopedTimer timer(&times.forward);
      scores = state.Score(*state.model, batch, /*temperature=*/1.0);
      totals.Add("logprob", scores.logprob_N.sum(at::kDouble).item<double>());
      totals.Add("entropy", scores.entropy_N.sum(at::kDouble).item<double>());
    }
    const ScopedTimer timer(&times.backward);
    torch::autograd::backward({scores.logprob_N}, {at::full_like(scores.logprob_N.detach(), -weight)});
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
