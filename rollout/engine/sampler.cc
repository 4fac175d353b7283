#include "rollout/engine/sampler.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "cluster/base/error.h"
#include "policy/kernels/vector_kernels.h"

namespace temper {
namespace {

constexpr size_t kSampledBlock = 16;

}  // namespace

SampledToken Sampler::Draw(std::span<const float> logits, const SamplingOptions& options, int64_t num_drawn, double uniform,
                           int64_t sample) {
  const std::span<const float> policy = logits;
  const bool gated = num_drawn == 0 && !options.gate.tokens.empty();
  const bool withheld = num_drawn < options.min_new_tokens && !options.stop_ids.empty();
  if (gated) MaskByGate(logits, options.gate, sample);
  if (gated) logits = masked_;
  if (withheld) {
    if (!gated) masked_.assign(logits.begin(), logits.end());
    for (const int64_t id : options.stop_ids) masked_[id] = -INFINITY;
    logits = masked_;
  }
  const float largest = ActiveKernels().maximum(logits.data(), static_cast<int64_t>(logits.size()));
  TEMPER_CHECK(std::isfinite(largest), "no token can be drawn: the largest logit is ", largest,
               "; the weights have diverged, or the stop ids cover the whole vocabulary");
  SampledToken drawn = DrawShaped(logits, options, largest, uniform);
  const bool plain = options.temperature == 1 && options.top_k == 0 && options.top_p == 1 && !withheld && !gated;
  drawn.policy_logprob = plain ? drawn.logprob : static_cast<float>(PolicyLogprob(policy, drawn.token));
  return drawn;
}

void Sampler::MaskByGate(std::span<const float> logits, const FirstTokenGate& gate, int64_t sample) {
  std::vector<float> of_tokens;
  for (const GatedToken& token : gate.tokens) of_tokens.push_back(logits[static_cast<size_t>(token.id)]);
  const std::vector<float> gated = GatedLogits(gate, of_tokens, sample);
  masked_.assign(logits.size(), -INFINITY);
  for (size_t i = 0; i < gated.size(); ++i) masked_[static_cast<size_t>(gate.tokens[i].id)] = gated[i];
}

SampledToken Sampler::DrawShaped(std::span<const float> logits, const SamplingOptions& options, float largest, double uniform) {
  if (options.temperature == 0) return {static_cast<int32_t>(std::find(logits.begin(), logits.end(), largest) - logits.begin()), 0.0f};
  const int64_t vocab = static_cast<int64_t>(logits.size());
  const float factor = static_cast<float>(1.0 / options.temperature);
  const float shift = largest * factor;
  weights_.resize(vocab);
  block_sums_.resize((vocab + kSampledBlock - 1) / kSampledBlock);
  ActiveKernels().exp_blocks(logits.data(), factor, shift, weights_.data(), block_sums_.data(), vocab);
  if (options.top_k > 0 || options.top_p < 1) KeepMostProbable(logits, options);
  return Invert(logits, factor, shift, uniform);
}

double Sampler::PolicyLogprob(std::span<const float> logits, int32_t token) {
  const int64_t vocab = static_cast<int64_t>(logits.size());
  const float largest = ActiveKernels().maximum(logits.data(), vocab);
  weights_.resize(vocab);
  block_sums_.resize((vocab + kSampledBlock - 1) / kSampledBlock);
  ActiveKernels().exp_blocks(logits.data(), 1.0f, largest, weights_.data(), block_sums_.data(), vocab);
  double total = 0;
  for (const float sum : block_sums_) total += sum;
  return std::min(double{logits[token]} - double{largest} - std::log(total), 0.0);
}

void Sampler::KeepMostProbable(std::span<const float> logits, const SamplingOptions& options) {
  order_.resize(logits.size());
  std::iota(order_.begin(), order_.end(), 0);
  const auto before = [&](int32_t a, int32_t b) { return logits[a] != logits[b] ? logits[a] > logits[b] : a < b; };
  size_t kept = order_.size();
  if (options.top_k > 0 && static_cast<size_t>(options.top_k) < kept) {
    kept = static_cast<size_t>(options.top_k);
    std::nth_element(order_.begin(), order_.begin() + static_cast<std::ptrdiff_t>(kept) - 1, order_.end(), before);
  }
  if (options.top_p < 1) {
    std::sort(order_.begin(), order_.begin() + static_cast<std::ptrdiff_t>(kept), before);
    double total = 0;
    for (size_t i = 0; i < kept; ++i) total += weights_[order_[i]];
    double mass = 0;
    size_t count = 0;
    while (count < kept && mass < options.top_p * total) mass += weights_[order_[count++]];
    kept = count;
  }
  for (size_t i = kept; i < order_.size(); ++i) weights_[order_[i]] = 0;
  for (size_t block = 0; block < block_sums_.size(); ++block) {
    const auto begin = weights_.begin() + static_cast<std::ptrdiff_t>(block * kSampledBlock);
    const auto end = weights_.begin() + static_cast<std::ptrdiff_t>(std::min(weights_.size(), (block + 1) * kSampledBlock));
    block_sums_[block] = std::accumulate(begin, end, 0.0f);
  }
}

SampledToken Sampler::Invert(std::span<const float> logits, double factor, double shift, double uniform) const {
  double total = 0;
  for (const float sum : block_sums_) total += sum;
  const double target = uniform * total;
  double below = 0;
  size_t block = 0;
  while (block + 1 < block_sums_.size() && below + block_sums_[block] <= target) below += block_sums_[block++];
  // Rounding may leave the target a hair behind the last weight: then the last token with any weight is meant.
  while (block > 0 && block_sums_[block] == 0) --block;
  size_t token = block * kSampledBlock;
  for (size_t i = token; i < std::min(weights_.size(), (block + 1) * kSampledBlock); ++i) {
    if (weights_[i] == 0) continue;
    token = i;
    below += weights_[i];
    if (below > target) break;
  }
  const double logprob = factor * logits[token] - shift - std::log(total);
  return {static_cast<int32_t>(token), static_cast<float>(std::min(logprob, 0.0))};
}

}  // namespace temper
