#include "policy/model/variable_attention.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include <ATen/TensorOperators.h>
#include <ATen/ops/_efficient_attention_forward.h>
#include <ATen/ops/_flash_attention_forward.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/repeat_interleave.h>
#include <ATen/ops/softmax.h>
#include <c10/core/GradMode.h>

#include "cluster/base/error.h"
#include "policy/kernels/upload.h"

namespace temper {
namespace {

// Key/value heads repeated for the query heads that share them.
at::Tensor Repeated(const at::Tensor& x_SKC, int64_t heads) {
  return heads == x_SKC.size(1) ? x_SKC : at::repeat_interleave(x_SKC, heads / x_SKC.size(1), 1);
}

// What FlashAttention takes.
bool FlashTakes(const at::Tensor& q) { return q.scalar_type() == at::kBFloat16 && q.size(2) % 8 == 0 && q.size(2) <= 256; }
bool WantsGradient(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  return c10::GradMode::is_enabled() && (q.requires_grad() || k.requires_grad() || v.requires_grad());
}

// The memory-efficient kernel reads 16 bytes at a time; LibTorch's derivative of it forgets the window.
bool EfficientTakes(const at::Tensor& q, bool with_graph, int64_t window) {
  return q.size(2) * q.element_size() % 16 == 0 && !(with_graph && window > 0);
}

at::Tensor Flash(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const SequenceSpans& spans, int64_t window, double scale) {
  const std::optional<int64_t> left = window > 0 ? std::optional<int64_t>(window - 1) : std::nullopt;
  const std::optional<int64_t> right = window > 0 ? std::optional<int64_t>(0) : std::nullopt;
  return std::get<0>(at::_flash_attention_forward(q, k, v, spans.device_query_bounds(), spans.device_key_bounds(), spans.longest_queries(),
                                                  spans.longest_keys(), /*dropout_p=*/0, /*is_causal=*/true, /*return_debug_mask=*/false,
                                                  scale, left, right));
}

at::Tensor Efficient(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const SequenceSpans& spans, int64_t window,
                     double scale, bool with_graph) {
  constexpr int64_t kCausalFromBottomRight = 2;
  const int64_t heads = q.size(1);
  const auto out = at::_efficient_attention_forward(
      q.unsqueeze(0), Repeated(k, heads).unsqueeze(0), Repeated(v, heads).unsqueeze(0), std::nullopt, spans.device_query_bounds(),
      spans.device_key_bounds(), spans.longest_queries(), spans.longest_keys(), /*dropout_p=*/0, kCausalFromBottomRight, with_graph, scale,
      std::nullopt, window > 0 ? std::optional<int64_t>(window) : std::nullopt);
  return std::get<0>(out).squeeze(0);
}

// One sequence: q_QHC, k_MHC, v_MHC.
at::Tensor AttendOne(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, int64_t window, double scale) {
  const int64_t queries = q.size(0), keys = k.size(0);
  const auto on_device = at::TensorOptions().dtype(at::kLong).device(q.device());
  const at::Tensor last_Q1 = (at::arange(queries, on_device) + (keys - queries)).unsqueeze(1);
  const at::Tensor key_1M = at::arange(keys, on_device).unsqueeze(0);
  at::Tensor hidden = key_1M > last_Q1;
  if (window > 0) hidden = hidden.logical_or(key_1M <= last_Q1 - window);
  const at::Tensor scores = at::matmul(q.permute({1, 0, 2}), k.permute({1, 2, 0})).to(at::kFloat) * scale;
  const at::Tensor weights = at::softmax(scores.masked_fill(hidden, -std::numeric_limits<float>::infinity()), 2);
  return at::matmul(weights.to(v.scalar_type()), v.permute({1, 0, 2})).permute({1, 0, 2});
}

}  // namespace

void SequenceSpans::Add(int64_t queries, int64_t keys) {
  TEMPER_CHECK(queries > 0 && keys >= queries, "a sequence of ", queries, " queries and ", keys, " keys");
  TEMPER_CHECK(num_queries() + queries <= std::numeric_limits<int32_t>::max() && num_keys() + keys <= std::numeric_limits<int32_t>::max(),
               "sequences of more than 2^31 tokens in one forward");
  queries_.push_back(static_cast<int32_t>(num_queries() + queries));
  keys_.push_back(static_cast<int32_t>(num_keys() + keys));
  longest_queries_ = std::max(longest_queries_, queries);
  longest_keys_ = std::max(longest_keys_, keys);
}

void SequenceSpans::MoveTo(at::Device device) {
  device_queries_ = Uploaded<int32_t>(queries_, at::kInt, device);
  device_keys_ = Uploaded<int32_t>(keys_, at::kInt, device);
}

at::Tensor AttendSequences(const at::Tensor& q_THC, const at::Tensor& k_SKC, const at::Tensor& v_SKC, const SequenceSpans& spans,
                           int64_t window) {
  TEMPER_CHECK(q_THC.size(0) == spans.num_queries() && k_SKC.size(0) == spans.num_keys(), "attention was planned for ", spans.num_queries(),
               " queries and ", spans.num_keys(), " keys, and got ", q_THC.size(0), " and ", k_SKC.size(0));
  const double scale = 1 / std::sqrt(static_cast<double>(q_THC.size(2)));
  if (q_THC.is_cuda() && FlashTakes(q_THC)) {
    return Flash(q_THC.contiguous(), k_SKC.contiguous(), v_SKC.contiguous(), spans, window, scale);
  }
  const bool with_graph = WantsGradient(q_THC, k_SKC, v_SKC);
  if (q_THC.is_cuda() && EfficientTakes(q_THC, with_graph, window)) {
    return Efficient(q_THC.contiguous(), k_SKC.contiguous(), v_SKC.contiguous(), spans, window, scale, with_graph);
  }
  std::vector<at::Tensor> outs;
  const at::Tensor k = Repeated(k_SKC, q_THC.size(1)), v = Repeated(v_SKC, q_THC.size(1));
  for (size_t i = 0; i + 1 < spans.query_bounds().size(); ++i) {
    const int64_t query = spans.query_bounds()[i], key = spans.key_bounds()[i];
    const int64_t keys = spans.key_bounds()[i + 1] - key;
    outs.push_back(AttendOne(q_THC.narrow(0, query, spans.query_bounds()[i + 1] - query), k.narrow(0, key, keys), v.narrow(0, key, keys),
                             window, scale));
  }
  return at::cat(outs, 0);
}

}  // namespace temper
