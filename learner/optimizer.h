#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include "cluster/collectives/communicator.h"
#include "learner/options.h"

namespace temper {

// Learning rate of update `step` (0-based) of `total_steps`. Warm-up: lr (step + 1) / warmup_steps. After it, with
// t = (step - warmup_steps) / (total_steps - 1 - warmup_steps) in [0, 1], which is 1 at the last step, and f = final_lr_fraction:
//   constant lr,  linear lr (1 - (1 - f) t),  cosine lr (f + (1 - f) (1 + cos(pi t)) / 2).
double LearningRate(const OptimizerOptions& options, int64_t step, int64_t total_steps);

// Sum of squares of a float tensor, added up in double: one in fp32 stops growing after some million elements.
double SumOfSquares(const at::Tensor& values);

// Scales this rank's shard of `gradient` in place so that the whole's 2-norm is at most max_norm (0 = leaves it); returns the norm before
// that, the same on every rank. Not finite stays so. Collective.
double ClipGradient(at::Tensor& gradient, double max_norm, Communicator& communicator);

// AdamW (arXiv 1711.05101) on this rank's shard of one flat buffer, fused; the moments exist for the shard only (ZeRO stage 1, arXiv
// 1910.02054). Weight decay is decoupled and applies to matrices only: parameters of one dimension
// (norm gains, biases) are left out, for pulling a gain to zero is no regularisation.
class AdamW {
 public:
  // `parameters` are views of `flat`, in its order; `gradient` has the same size. Both are borrowed as tensors (shared storage). Elements
  // `shard` of them are this optimizer's.
  AdamW(const std::vector<std::pair<std::string, at::Tensor>>& parameters, const at::Tensor& flat, const at::Tensor& gradient,
        Communicator::Shard shard);

  void Reset();  // moments and step to zero
  void Step(const OptimizerOptions& options, double lr);

  // Moments of the shard, and steps taken: the whole state.
  at::Tensor& exp_avg() { return exp_avg_; }
  at::Tensor& exp_avg_sq() { return exp_avg_sq_; }
  int64_t steps() const { return steps_; }
  void set_steps(int64_t steps) { steps_ = steps; }

 private:
  // Consecutive elements of the shard that decay alike, counted from its begin.
  struct Run {
    int64_t begin = 0;
    int64_t length = 0;
  };
  void StepRuns(const std::vector<Run>& runs, const OptimizerOptions& options, double lr, double weight_decay);

  at::Tensor flat_, gradient_, exp_avg_, exp_avg_sq_;  // of the shard
  std::vector<Run> decaying_, exempt_;
  int64_t steps_ = 0;
};

}  // namespace temper
