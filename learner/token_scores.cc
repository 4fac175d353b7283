#include "learner/token_scores.h"

#include <algorithm>
#include <cmath>

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include "cluster/base/error.h"
#include "learner/row_math.h"
#include "policy/kernels/parallel.h"

namespace temper {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

// A chunk's logits should stay in the cache; fewer rows than kMinRows would waste the GEMM.
constexpr int64_t kChunkFloats = 1 << 19;
constexpr int64_t kMinRows = 128;

int64_t ChunkRows(int64_t rows, int64_t vocabulary) { return std::min(rows, std::max(kMinRows, kChunkFloats / vocabulary)); }

// Calls body(first row, logits of `count` rows [count, V], not divided by the temperature) chunk by chunk.
template <typename Body>
void ForEachChunk(const at::Tensor& hidden_ND, const at::Tensor& weight_VD, const Body& body) {
  const int64_t rows = hidden_ND.size(0), vocabulary = weight_VD.size(0);
  if (rows == 0) return;
  const int64_t chunk = ChunkRows(rows, vocabulary);
  const at::Tensor weight_DV = weight_VD.t();
  const at::Tensor buffer = at::empty({chunk, vocabulary}, weight_VD.options());
  for (int64_t begin = 0; begin < rows; begin += chunk) {
    const int64_t count = std::min(chunk, rows - begin);
    at::Tensor logits = buffer.narrow(0, 0, count);
    at::mm_out(logits, hidden_ND.narrow(0, begin, count), weight_DV);
    body(begin, logits);
  }
}

class ScoreFunction : public torch::autograd::Function<ScoreFunction> {
 public:
  static variable_list forward(AutogradContext* ctx, const Variable& hidden_ND, const Variable& weight_VD, const Variable& targets_N,
                               double temperature) {
    const at::AutoDispatchBelowAutograd below;
    const int64_t rows = hidden_ND.size(0), vocabulary = weight_VD.size(0);
    at::Tensor logprob = at::empty({rows}, hidden_ND.options()), entropy = at::empty_like(logprob), lse = at::empty_like(logprob);
    float *logprob_data = logprob.mutable_data_ptr<float>(), *entropy_data = entropy.mutable_data_ptr<float>();
    float* lse_data = lse.mutable_data_ptr<float>();
    const int64_t* targets = targets_N.const_data_ptr<int64_t>();
    const auto inverse = static_cast<float>(1 / temperature);
    ForEachChunk(hidden_ND, weight_VD, [&](int64_t begin, at::Tensor& logits) {
      if (inverse != 1) logits.mul_(inverse);
      const float* z = logits.const_data_ptr<float>();
      InParallel(0, logits.size(0), 64, [&](int64_t first, int64_t last) {
        for (int64_t i = first; i < last; ++i) {
          const float* row = z + i * vocabulary;
          const float shift = RowMax(row, vocabulary);
          float weighted = 0;
          const float sum = RowExpMoments(row, vocabulary, shift, &weighted);
          const float log_sum = std::log(sum);
          lse_data[begin + i] = shift + log_sum;
          logprob_data[begin + i] = row[targets[begin + i]] - shift - log_sum;
          entropy_data[begin + i] = log_sum - weighted / sum;
        }
      });
    });
    ctx->save_for_backward({hidden_ND, weight_VD, targets_N, lse, entropy});
    ctx->saved_data["inverse_temperature"] = static_cast<double>(inverse);
    return {logprob, entropy};
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor &hidden = saved[0], &weight = saved[1];
    const int64_t vocabulary = weight.size(0);
    at::Tensor d_hidden = at::empty_like(hidden);
    at::Tensor d_weight = ctx->needs_input_grad(1) ? at::zeros_like(weight) : at::Tensor();  // a frozen weight has none
    const at::Tensor d_logprob = grads[0].defined() ? grads[0].contiguous() : at::zeros_like(saved[3]);
    const at::Tensor d_entropy = grads[1].defined() ? grads[1].contiguous() : at::zeros_like(saved[3]);
    const float *g_logprob = d_logprob.const_data_ptr<float>(), *g_entropy = d_entropy.const_data_ptr<float>();
    const float *lse = saved[3].const_data_ptr<float>(), *entropy = saved[4].const_data_ptr<float>();
    const int64_t* targets = saved[2].const_data_ptr<int64_t>();
    const auto inverse = static_cast<float>(ctx->saved_data["inverse_temperature"].toDouble());
    ForEachChunk(hidden, weight, [&](int64_t begin, at::Tensor& logits) {
      if (inverse != 1) logits.mul_(inverse);
      float* z = logits.mutable_data_ptr<float>();
      InParallel(0, logits.size(0), 64, [&](int64_t first, int64_t last) {
        for (int64_t i = first; i < last; ++i) {
          const int64_t n = begin + i;
          const float a = -inverse * (g_logprob[n] + g_entropy[n] * entropy[n]), b = -inverse * g_entropy[n];
          RowScoreGradient(z + i * vocabulary, vocabulary, lse[n], a, b);
          z[i * vocabulary + targets[n]] += inverse * g_logprob[n];
        }
      });
      at::Tensor d_chunk = d_hidden.narrow(0, begin, logits.size(0));
      at::mm_out(d_chunk, logits, weight);
      if (d_weight.defined()) d_weight.addmm_(logits.t(), hidden.narrow(0, begin, logits.size(0)));
    });
    return {d_hidden, d_weight, Variable(), Variable()};
  }
};

}  // namespace

TokenScores ScoreTokens(const at::Tensor& hidden_ND, const at::Tensor& weight_VD, const at::Tensor& targets_N, double temperature) {
  TEMPER_CHECK(temperature > 0, "temperature ", temperature, " to score tokens under: must be positive");
  TEMPER_CHECK(hidden_ND.size(0) == targets_N.numel(), hidden_ND.size(0), " rows with ", targets_N.numel(), " targets");
  const variable_list scores = ScoreFunction::apply(hidden_ND.to(at::kFloat).contiguous(), weight_VD, targets_N.contiguous(), temperature);
  return {scores[0], scores[1]};
}

}  // namespace temper
