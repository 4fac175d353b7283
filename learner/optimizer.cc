#include "learner/optimizer.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>

#include "cluster/base/error.h"
#include "learner/row_math.h"
#include "policy/kernels/parallel.h"

namespace temper {

double LearningRate(const OptimizerOptions& options, int64_t step, int64_t total_steps) {
  if (step < options.warmup_steps) return options.lr * static_cast<double>(step + 1) / static_cast<double>(options.warmup_steps);
  if (options.schedule == LrSchedule::kConstant) return options.lr;
  const double length = static_cast<double>(std::max<int64_t>(1, total_steps - 1 - options.warmup_steps));
  const double t = std::min(1.0, static_cast<double>(step - options.warmup_steps) / length);
  const double f = options.final_lr_fraction;
  if (options.schedule == LrSchedule::kLinear) return options.lr * (1 - (1 - f) * t);
  return options.lr * (f + (1 - f) * 0.5 * (1 + std::cos(std::numbers::pi * t)));
}

double SumOfSquares(const at::Tensor& values) {
  if (!values.is_cpu()) {
    const auto norm = at::linalg_vector_norm(values, 2, {}, /*keepdim=*/false, at::kDouble).item<double>();
    return norm * norm;
  }
  constexpr int64_t kPiece = 1 << 16;  // the same pieces for any number of threads, so the same sum
  const int64_t size = values.numel();
  std::vector<double> sums(static_cast<size_t>((size + kPiece - 1) / kPiece));
  const float* data = values.const_data_ptr<float>();
  InParallel(0, static_cast<int64_t>(sums.size()), /*grain=*/4, [&](int64_t from, int64_t to) {
    for (int64_t i = from; i < to; ++i) sums[static_cast<size_t>(i)] = RowSquares(data + i * kPiece, std::min(kPiece, size - i * kPiece));
  });
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

double ClipGradient(at::Tensor& gradient, double max_norm, Communicator& communicator) {
  const at::NoGradGuard no_grad;
  const auto shard = communicator.ShardOf(communicator.rank(), static_cast<size_t>(gradient.numel()));
  at::Tensor own = gradient.narrow(0, static_cast<int64_t>(shard.begin), static_cast<int64_t>(shard.size()));
  double squares = SumOfSquares(own);
  if (communicator.size() > 1) communicator.AllReduceSum(&squares, 1, "gradient norm");
  const double norm = std::sqrt(squares);
  // The small term keeps the quotient of two equal norms below one, as PyTorch's clip_grad_norm_ does.
  if (max_norm > 0 && norm > max_norm) own.mul_(max_norm / (norm + 1e-6));
  return norm;
}

AdamW::AdamW(const std::vector<std::pair<std::string, at::Tensor>>& parameters, const at::Tensor& flat, const at::Tensor& gradient,
             Communicator::Shard shard)
    : flat_(flat.narrow(0, static_cast<int64_t>(shard.begin), static_cast<int64_t>(shard.size()))),
      gradient_(gradient.narrow(0, static_cast<int64_t>(shard.begin), static_cast<int64_t>(shard.size()))),
      exp_avg_(at::zeros_like(flat_)),
      exp_avg_sq_(at::zeros_like(flat_)) {
  const auto first = static_cast<int64_t>(shard.begin);
  const auto last = static_cast<int64_t>(shard.end);
  for (const auto& [name, parameter] : parameters) {
    const int64_t at = parameter.storage_offset() - flat.storage_offset();
    TEMPER_CHECK(at >= 0 && at + parameter.numel() <= flat.numel(), name, " is not a view of the flat parameter buffer");
    const int64_t begin = std::clamp(at, first, last) - first;
    const int64_t end = std::clamp(at + parameter.numel(), first, last) - first;
    if (begin == end) continue;
    std::vector<Run>& runs = parameter.dim() > 1 ? decaying_ : exempt_;
    if (!runs.empty() && runs.back().begin + runs.back().length == begin) {
      runs.back().length += end - begin;
    } else {
      runs.push_back({begin, end - begin});
    }
  }
}

void AdamW::Reset() {
  exp_avg_.zero_();
  exp_avg_sq_.zero_();
  steps_ = 0;
}

void AdamW::StepRuns(const std::vector<Run>& runs, const OptimizerOptions& options, double lr, double weight_decay) {
  std::vector<at::Tensor> parameters, gradients, exp_avgs, exp_avg_sqs, steps;
  for (const Run& run : runs) {
    parameters.push_back(flat_.narrow(0, run.begin, run.length));
    gradients.push_back(gradient_.narrow(0, run.begin, run.length));
    exp_avgs.push_back(exp_avg_.narrow(0, run.begin, run.length));
    exp_avg_sqs.push_back(exp_avg_sq_.narrow(0, run.begin, run.length));
    steps.push_back(at::full({}, static_cast<double>(steps_), flat_.options()));
  }
  if (parameters.empty()) return;
  at::_fused_adamw_(parameters, gradients, exp_avgs, exp_avg_sqs, {}, steps, lr, options.beta1, options.beta2, weight_decay, options.eps,
                    /*amsgrad=*/false, /*maximize=*/false);
}

void AdamW::Step(const OptimizerOptions& options, double lr) {
  const at::NoGradGuard no_grad;
  ++steps_;
  if (options.weight_decay == 0) {
    StepRuns({{0, flat_.numel()}}, options, lr, 0);
    return;
  }
  StepRuns(decaying_, options, lr, options.weight_decay);
  StepRuns(exempt_, options, lr, 0);
}

}  // namespace temper
