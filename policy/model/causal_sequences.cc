#include "policy/model/causal_sequences.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include "cluster/base/error.h"
#include "policy/model/variable_attention.h"

namespace temper {
namespace {

// Whole sequences for a model that computes with ATen's operations.
class PortableCausalAttention : public Attention {
 public:
  PortableCausalAttention(const Transformer& model, std::span<const int64_t> lengths) : config_(model.config()) {
    for (const int64_t length : lengths) spans_.Add(length, length);
    spans_.MoveTo(model.device());
  }
  at::Tensor Attend(int64_t layer, const at::Tensor& q_THC, const at::Tensor& k_TKC, const at::Tensor& v_TKC) override {
    return AttendSequences(q_THC, k_TKC, v_TKC, spans_, config_.window(layer));
  }

 private:
  const TransformerConfig& config_;
  SequenceSpans spans_;
};

}  // namespace

CausalSequences::CausalSequences(const Transformer& model, std::span<const int64_t> lengths) : config_(model.config()) {
  buffers_.reserve(lengths.size());
  for (const int64_t length : lengths) {
    buffers_.emplace_back(config_, length, model.cache_type());
    for (int64_t t = 0; t < length; ++t) places_.push_back({buffers_.size() - 1, t});
  }
  for (const Place& place : places_) views_.push_back({&buffers_[place.sequence], place.position + 1});
}

at::Tensor CausalSequences::Attend(int64_t layer, const at::Tensor& q_THC, const at::Tensor& k_TKC, const at::Tensor& v_TKC) {
  at::Tensor out = at::empty_like(q_THC);
  const int64_t key = config_.num_kv_heads * config_.head_dim;
  const float* keys = k_TKC.const_data_ptr<float>();
  const float* values = v_TKC.const_data_ptr<float>();
  for (const auto& [sequence, position] : places_) {
    buffers_[sequence].Write(layer, position, keys, values);
    keys += key;
    values += key;
  }
  AttendRows(config_, layer, buffers_.front().type(), views_, q_THC.const_data_ptr<float>(), &scores_, out.mutable_data_ptr<float>());
  return out;
}

std::unique_ptr<Attention> MakeCausalAttention(const Transformer& model, std::span<const int64_t> lengths) {
  if (model.portable()) return std::make_unique<PortableCausalAttention>(model, lengths);
  return std::make_unique<CausalSequences>(model, lengths);
}

PackedSequences::PackedSequences(const TransformerConfig& config, std::span<const std::span<const int32_t>> sequences) {
  int64_t total = 0;
  for (const auto& sequence : sequences) {
    const auto length = static_cast<int64_t>(sequence.size());
    TEMPER_CHECK(length > 0 && length <= config.max_positions, "a sequence of ", length, " tokens; the model takes 1 to ",
                 config.max_positions);
    lengths.push_back(length);
    total += length;
  }
  tokens_T = at::empty({total}, at::kLong);
  positions_T = at::empty({total}, at::kLong);
  auto* ids = tokens_T.mutable_data_ptr<int64_t>();
  auto* positions = positions_T.mutable_data_ptr<int64_t>();
  for (const auto& sequence : sequences) {
    for (size_t t = 0; t < sequence.size(); ++t) {
      TEMPER_CHECK(sequence[t] >= 0 && sequence[t] < config.vocab_size, "token ", t, " has id ", sequence[t], "; the vocabulary has ",
                   config.vocab_size);
      *ids++ = sequence[t];
      *positions++ = static_cast<int64_t>(t);
    }
  }
}

}  // namespace temper
