#include "policy/model/sequence_logits.h"

#include <c10/core/InferenceMode.h>

#include "policy/model/causal_sequences.h"
#include "policy/model/variable_attention.h"

namespace temper {
namespace {

// One sequence for a model that computes with ATen's operations.
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
  const c10::InferenceMode inference;
  const PackedSequences packed(model.config(), {&tokens, 1});
  if (model.portable()) {
    PortableCausalAttention attention(model, packed.lengths.front());
    return model.Logits(model.Hidden(packed.tokens_T.to(model.device()), packed.positions_T.to(model.device()), attention)).cpu();
  }
  CausalSequences attention(model, packed.lengths);
  return model.Logits(model.Hidden(packed.tokens_T, packed.positions_T, attention));
}

}  // namespace temper
