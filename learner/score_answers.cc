#include <vector>

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>

#include "learner/learner.h"
#include "learner/learner_state.h"
#include "policy/kernels/compute_device.h"

namespace temper {

UpdateReport Learner::ScoreAnswers(std::span<const SftExample> share) const {
  const LearnerState& state = *state_;
  const at::NoGradGuard no_grad;
  GlobalStats sums({"answers", "loss", "tokens", "loss_squared", "tokens_squared", "loss_tokens"}, {});
  for (const SftExample& example : share) {
    double loss = 0, tokens = 0;
    for (const MicroBatch& batch : PackExamples({&example, 1}, static_cast<int64_t>(example.tokens.size()), state.model->config())) {
      const TokenScores scores = state.Score(*state.model, batch, /*temperature=*/1.0);
      loss -= scores.logprob_N.sum(at::kDouble).item<double>();
      tokens += static_cast<double>(batch.num_rows());
    }
    if (tokens == 0) continue;
    sums.Add("answers", 1);
    sums.Add("loss", loss);
    sums.Add("tokens", tokens);
    sums.Add("loss_squared", loss * loss);
    sums.Add("tokens_squared", tokens * tokens);
    sums.Add("loss_tokens", loss * tokens);
  }
  Synchronize(state.model->device());
  sums.AllReduce(*state.communicator, "scores of answers");
  UpdateReport report;
  for (const char* name : {"answers", "loss", "tokens", "loss_squared", "tokens_squared", "loss_tokens"}) report[name] = sums.sum(name);
  return report;
}

}  // namespace temper
