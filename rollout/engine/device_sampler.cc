#include "rollout/engine/device_sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <ranges>

#include <ATen/TensorIndexing.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/sort.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/where.h>

#include "cluster/base/error.h"
#include "policy/kernels/device_kernels.h"
#include "policy/kernels/upload.h"

namespace temper {
namespace {

constexpr int64_t kBlock = 16;  // of the cumulative distribution, as in Sampler

bool Withholds(const DecodeRow& row) { return row.num_drawn < row.sampling->min_new_tokens && !row.sampling->stop_ids.empty(); }
bool Truncates(const DecodeRow& row) { return row.sampling->top_k > 0 || row.sampling->top_p < 1; }

bool Gates(const DecodeRow& row) { return row.num_drawn == 0 && !row.sampling->gate.tokens.empty(); }

// One number a row, on the device.
template <typename T, typename Value>
at::Tensor Column(std::span<const DecodeRow> rows, at::ScalarType type, at::Device device, const Value& value) {
  return Uploaded<T>(rows | std::views::transform(value), type, device);
}

at::Tensor Range(int64_t count, const at::Tensor& like) { return at::arange(count, at::TensorOptions(at::kLong).device(like.device())); }

// The logits without the stop ids that a row may not draw yet.
at::Tensor WithoutWithheld(const at::Tensor& logits_BV, std::span<const DecodeRow> rows) {
  std::vector<int64_t> places;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!Withholds(rows[i])) continue;
    for (const int64_t id : rows[i].sampling->stop_ids) places.push_back(static_cast<int64_t>(i) * logits_BV.size(1) + id);
  }
  if (places.empty()) return logits_BV;
  at::Tensor masked = logits_BV.clone(at::MemoryFormat::Contiguous);
  masked.view({-1}).index_fill_(0, Uploaded<int64_t>(places, at::kLong, logits_BV.device()), -std::numeric_limits<float>::infinity());
  return masked;
}

// The logits with what the gates of first tokens leave. The few logits that gates ask for are decided on the host, as the CPU's sampler
// does.
at::Tensor AfterGates(const at::Tensor& logits_BV, std::span<const DecodeRow> rows) {
  if (std::none_of(rows.begin(), rows.end(), Gates)) return logits_BV;
  std::vector<int64_t> gated_rows, places;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!Gates(rows[i])) continue;
    gated_rows.push_back(static_cast<int64_t>(i));
    for (const GatedToken& token : rows[i].sampling->gate.tokens) places.push_back(static_cast<int64_t>(i) * logits_BV.size(1) + token.id);
  }
  const at::Tensor at_places = Uploaded<int64_t>(places, at::kLong, logits_BV.device());
  const at::Tensor before = logits_BV.contiguous().view({-1}).index_select(0, at_places).to(at::kFloat).cpu();
  std::vector<float> after;
  const float* from = before.const_data_ptr<float>();
  for (const int64_t row : gated_rows) {
    const FirstTokenGate& gate = rows[static_cast<size_t>(row)].sampling->gate;
    const std::vector<float> left = GatedLogits(gate, {from, gate.tokens.size()}, rows[static_cast<size_t>(row)].sample);
    after.insert(after.end(), left.begin(), left.end());
    from += gate.tokens.size();
  }
  at::Tensor masked = logits_BV.clone(at::MemoryFormat::Contiguous);
  masked.index_fill_(0, Uploaded<int64_t>(gated_rows, at::kLong, logits_BV.device()), -std::numeric_limits<float>::infinity());
  masked.view({-1}).index_copy_(0, at_places, Uploaded<float>(after, at::kFloat, logits_BV.device()).to(logits_BV.scalar_type()));
  return masked;
}

// weights_BV with zeros for what the row's top-k and top-p leave out.
at::Tensor Truncated(const at::Tensor& logits_BV, const at::Tensor& weights_BV, std::span<const DecodeRow> rows) {
  const int64_t vocabulary = logits_BV.size(1);
  const at::Device device = logits_BV.device();
  const at::Tensor count_B1 = Column<int64_t>(rows, at::kLong, device, [&](const DecodeRow& row) {
                                return row.sampling->top_k > 0 ? std::min(row.sampling->top_k, vocabulary) : vocabulary;
                              }).unsqueeze(1);
  const at::Tensor mass_B1 =
      Column<double>(rows, at::kDouble, device, [](const DecodeRow& row) { return row.sampling->top_p; }).unsqueeze(1);
  const at::Tensor order = std::get<1>(at::sort(logits_BV, /*stable=*/true, 1, /*descending=*/true));  // of equals the lower id first
  const at::Tensor in_count = Range(vocabulary, logits_BV).unsqueeze(0) < count_B1;
  const at::Tensor sorted = weights_BV.gather(1, order).to(at::kDouble) * in_count;
  const at::Tensor before = sorted.cumsum(1) - sorted;
  const at::Tensor in_mass = (before < mass_B1 * sorted.sum(1, /*keepdim=*/true)).logical_or(mass_B1 >= 1);
  const at::Tensor kept = in_count.logical_and(in_mass).to(weights_BV.scalar_type());
  return weights_BV * kept.new_zeros(kept.sizes()).scatter_(1, order, kept);
}

struct Place {
  at::Tensor token_B, total_B;
};

// Inverts the cumulative distribution of weights_BV at uniform_B, in the order of ids.
Place Inverted(const at::Tensor& weights_BV, const at::Tensor& uniform_B) {
  const int64_t rows = weights_BV.size(0), padding = (kBlock - weights_BV.size(1) % kBlock) % kBlock;
  const at::Tensor blocks = at::constant_pad_nd(weights_BV, {0, padding}).view({rows, -1, kBlock});
  const at::Tensor sums = blocks.sum(2);
  const at::Tensor up_to = sums.to(at::kDouble).cumsum(1);
  const at::Tensor total = up_to.select(1, -1);
  const at::Tensor target_B1 = (uniform_B * total).unsqueeze(1);
  const at::Tensor last_block = ((sums > 0) * Range(sums.size(1), sums)).amax(1);
  const at::Tensor block = at::minimum((up_to <= target_B1).sum(1), last_block);
  const at::Tensor before = at::where(block > 0, up_to.gather(1, (block - 1).clamp_min(0).unsqueeze(1)).squeeze(1), 0.0);
  const at::Tensor inside = blocks.gather(1, block.view({rows, 1, 1}).expand({rows, 1, kBlock})).squeeze(1).to(at::kDouble);
  const at::Tensor offsets = Range(kBlock, sums);
  const at::Tensor passed = (inside > 0).logical_and(inside.cumsum(1) + before.unsqueeze(1) > target_B1);
  const at::Tensor first_passed = at::where(passed, offsets, kBlock).amin(1);
  const at::Tensor last_weighed = ((inside > 0) * offsets).amax(1);
  return {block * kBlock + at::minimum(first_passed, at::where(first_passed < kBlock, first_passed, last_weighed)), total};
}

at::Tensor Picked(const at::Tensor& x_BV, const at::Tensor& token_B) {
  return x_BV.gather(1, token_B.unsqueeze(1)).squeeze(1).to(at::kDouble);
}

// [3, B] as DeviceDraw returns it, with everything a row can ask for.
at::Tensor DrawShaped(const at::Tensor& logits_BV, std::span<const DecodeRow> rows, const at::Tensor& factor_B,
                      const at::Tensor& uniform_B) {
  const at::Tensor shaped = WithoutWithheld(AfterGates(logits_BV, rows), rows);
  const at::Tensor largest = shaped.amax(1), is_greedy = factor_B == 0;
  const at::Tensor factor = at::where(is_greedy, 1.0, factor_B).to(at::kFloat);
  at::Tensor weights = (shaped * factor.unsqueeze(1) - (largest * factor).unsqueeze(1)).exp_();
  if (std::any_of(rows.begin(), rows.end(), Truncates)) weights = Truncated(shaped, weights, rows);
  const Place place = Inverted(weights, uniform_B);
  const at::Tensor token = at::where(is_greedy, shaped.argmax(1), place.token_B.clamp(0, logits_BV.size(1) - 1));
  const at::Tensor drawn = factor.to(at::kDouble) * (Picked(shaped, token) - largest.to(at::kDouble)) - place.total_B.log();
  const at::Tensor policy_largest = logits_BV.amax(1);
  const at::Tensor policy_total = (logits_BV - policy_largest.unsqueeze(1)).exp_().sum(1, /*keepdim=*/false, at::kDouble);
  const at::Tensor policy = Picked(logits_BV, token) - policy_largest.to(at::kDouble) - policy_total.log();
  return at::stack(
      {at::where(largest.isfinite(), token.to(at::kDouble), -1.0), at::where(is_greedy, 0.0, drawn.clamp_max(0)), policy.clamp_max(0)});
}

}  // namespace

std::vector<SampledToken> DrawOnDevice(const at::Tensor& logits_BV, std::span<const DecodeRow> rows) {
  const at::Device device = logits_BV.device();
  const at::Tensor factor = Column<double>(
      rows, at::kDouble, device, [](const DecodeRow& row) { return row.sampling->temperature == 0 ? 0 : 1 / row.sampling->temperature; });
  const at::Tensor uniform = Column<double>(rows, at::kDouble, device, [](const DecodeRow& row) { return row.uniform; });
  const bool plain =
      std::none_of(rows.begin(), rows.end(), [](const DecodeRow& row) { return Withholds(row) || Truncates(row) || Gates(row); });
  const at::Tensor out = (plain && logits_BV.is_cuda() && DeviceKernelsBuilt() ? DeviceDraw(logits_BV, factor, uniform)
                                                                               : DrawShaped(logits_BV, rows, factor, uniform))
                             .cpu();
  const auto count = static_cast<int64_t>(rows.size());
  const double* numbers = out.const_data_ptr<double>();
  std::vector<SampledToken> drawn;
  for (int64_t i = 0; i < count; ++i) {
    TEMPER_CHECK(numbers[i] >= 0,
                 "no token can be drawn: the largest logit is not finite; the weights have diverged, or the stop ids "
                 "cover the whole vocabulary");
    drawn.push_back({static_cast<int32_t>(numbers[i]), static_cast<float>(numbers[count + i]), static_cast<float>(numbers[2 * count + i])});
  }
  return drawn;
}

}  // namespace temper
