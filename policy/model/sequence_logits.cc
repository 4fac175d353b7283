#include "policy/model/sequence_logits.h"

#include <vector>

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <c10/core/InferenceMode.h>

#include "cluster/base/error.h"
#include "policy/model/key_value_buffer.h"
#include "policy/model/variable_attention.h"

namespace temper {
namespace {

// All tokens are one sequence at positions 0, 1, ....
class CausalAttention : public Attention {
 public:
  CausalAttention(const Transformer& model, int64_t length)
      : config_(model.config()), buffer_(model.config(), length, model.cache_type()), views_(static_cast<size_t>(length)) {
    for (int64_t t = 0; t < length; ++t) views_[static_cast<size_t>(t)] = {&buffer_, t + 1};
  }

  at::Tensor Attend(int64_t layer, const at::Tensor& q_THC, const at::Tensor& k_TKC, const at::Tensor& v_TKC) override {
    at::Tensor out = at::empty_like(q_THC);
    const int64_t key = config_.num_kv_heads * config_.head_dim;
    for (int64_t t = 0; t < q_THC.size(0); ++t)
      buffer_.Write(layer, t, k_TKC.const_data_ptr<float>() + t * key, v_TKC.const_data_ptr<float>() + t * key);
    AttendRows(config_, layer, buffer_.type(), views_, q_THC.const_data_ptr<float>(), &scores_, out.mutable_data_ptr<float>());
    return out;
  }

 private:
  const TransformerConfig& config_;
  KeyValueBuffer buffer_;
  std::vector<CacheView> views_;
  std::vector<float> scores_;
};

// The same for a model that computes with ATen's operations.
class PortableCausalAttention : public Attention {
 public:
  PortableCausalAttention(const Transformer& model, int64_t length) : config_(model.config()) {
    spans_.Add(length, length);
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

at::Tensor SequenceLogits(const Transformer& model, std::span<const int32_t> tokens) {
  const TransformerConfig& config = model.config();
  const int64_t length = static_cast<int64_t>(tokens.size());
  TEMPER_CHECK(length > 0 && length <= config.max_positions, "a sequence of ", length, " tokens; the model takes 1 to ",
               config.max_positions);
  const c10::InferenceMode inference;
  at::Tensor ids = at::empty({length}, at::kLong);
  at::Tensor positions = at::empty({length}, at::kLong);
  for (int64_t t = 0; t < length; ++t) {
    TEMPER_CHECK(tokens[t] >= 0 && tokens[t] < config.vocab_size, "token ", t, " has id ", tokens[t], "; the vocabulary has ",
                 config.vocab_size);
    ids.mutable_data_ptr<int64_t>()[t] = tokens[t];
    positions.mutable_data_ptr<int64_t>()[t] = t;
  }
  if (model.portable()) {
    PortableCausalAttention attention(model, length);
    return model.Logits(model.Hidden(ids.to(model.device()), positions.to(model.device()), attention)).cpu();
  }
  CausalAttention attention(model, length);
  return model.Logits(model.Hidden(ids, positions, attention));
}

}  // namespace temper
