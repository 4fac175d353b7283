#include <algorithm>

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include "cluster/base/error.h"
#include "learner/token_scores.h"
#include "policy/model/portable_forward.h"

namespace temper {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

// Logits that exist at a time: 512 MiB.
constexpr int64_t kPortableChunkFloats = 1 << 27;
constexpr int64_t kPortableMinRows = 128;

// Calls body(first row, count, logits of these rows divided by the temperature) chunk by chunk.
template <typename Body>
void ForEachChunk(const at::Tensor& hidden_ND, const at::Tensor& weight_VD, double temperature, at::ScalarType type, const Body& body) {
  const int64_t rows = hidden_ND.size(0);
  const int64_t chunk = std::max(kPortableMinRows, kPortableChunkFloats / weight_VD.size(0));
  const at::Tensor weight_DV = weight_VD.to(type).t();
  for (int64_t begin = 0; begin < rows; begin += chunk) {
    const int64_t count = std::min(chunk, rows - begin);
    at::Tensor logits = ProductInFp32(hidden_ND.narrow(0, begin, count), weight_DV, type);
    if (temperature != 1) logits.div_(temperature);
    body(begin, count, logits);
  }
}

class PortableScoreFunction : public torch::autograd::Function<PortableScoreFunction> {
 public:
  static variable_list forward(AutogradContext* ctx, const Variable& hidden_ND, const Variable& weight_VD, const Variable& targets_N,
                               double temperature, int64_t type) {
    const at::AutoDispatchBelowAutograd below;
    at::Tensor logprob = at::empty({hidden_ND.size(0)}, hidden_ND.options()), entropy = at::empty_like(logprob);
    at::Tensor lse = at::empty_like(logprob);
    ForEachChunk(hidden_ND, weight_VD, temperature, static_cast<at::ScalarType>(type),
                 [&](int64_t begin, int64_t count, at::Tensor& logits) {
                   const at::Tensor lse_N1 = at::logsumexp(logits, {1}, /*keepdim=*/true);
                   const at::Tensor log_p = logits.sub_(lse_N1);
                   lse.narrow(0, begin, count).copy_(lse_N1.squeeze(1));
                   logprob.narrow(0, begin, count).copy_(log_p.gather(1, targets_N.narrow(0, begin, count).unsqueeze(1)).squeeze(1));
                   entropy.narrow(0, begin, count).copy_((log_p.exp() * log_p).sum(1).neg_());
                 });
    ctx->save_for_backward({hidden_ND, weight_VD, targets_N, lse, entropy});
    ctx->saved_data["temperature"] = temperature;
    ctx->saved_data["type"] = type;
    return {logprob, entropy};
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor &hidden = saved[0], &weight = saved[1], &targets = saved[2], &lse = saved[3], &entropy = saved[4];
    const double temperature = ctx->saved_data["temperature"].toDouble();
    const auto type = static_cast<at::ScalarType>(ctx->saved_data["type"].toInt());
    at::Tensor d_hidden = at::empty_like(hidden);
    at::Tensor d_weight = ctx->needs_input_grad(1) ? at::zeros_like(weight) : at::Tensor();  // a frozen weight has none
    const at::Tensor d_logprob = grads[0].defined() ? grads[0] : at::zeros_like(lse);
    const at::Tensor d_entropy = grads[1].defined() ? grads[1] : at::zeros_like(lse);
    const at::Tensor rounded = weight.to(type);
    ForEachChunk(hidden, weight, temperature, type, [&](int64_t begin, int64_t count, at::Tensor& logits) {
      const auto rows = [&](const at::Tensor& x) { return x.narrow(0, begin, count).unsqueeze(1); };
      const at::Tensor log_p = logits.sub_(rows(lse));
      at::Tensor d_logits = log_p.exp().mul_((log_p + rows(entropy)).mul_(rows(d_entropy)).add_(rows(d_logprob))).neg_();
      d_logits.scatter_add_(1, rows(targets), rows(d_logprob));
      if (temperature != 1) d_logits.div_(temperature);
      d_hidden.narrow(0, begin, count).copy_(ProductInFp32(d_logits, rounded, type));
      if (d_weight.defined()) d_weight.add_(ProductInFp32(d_logits.t(), hidden.narrow(0, begin, count), type));
    });
    return {d_hidden, d_weight, Variable(), Variable(), Variable()};
  }
};

}  // namespace

TokenScores ScoreTokensPortable(const at::Tensor& hidden_ND, const at::Tensor& weight_VD, const at::Tensor& targets_N, double temperature,
                                at::ScalarType type) {
  TEMPER_CHECK(temperature > 0, "temperature ", temperature, " to score tokens under: must be positive");
  TEMPER_CHECK(hidden_ND.size(0) == targets_N.numel(), hidden_ND.size(0), " rows with ", targets_N.numel(), " targets");
  const variable_list scores =
      PortableScoreFunction::apply(hidden_ND.to(at::kFloat), weight_VD, targets_N, temperature, static_cast<int64_t>(type));
  return {scores[0], scores[1]};
}

}  // namespace temper
