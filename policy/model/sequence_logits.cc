#include "policy/model/sequence_logits.h"

#include <c10/core/InferenceMode.h>

#include "policy/model/causal_sequences.h"

namespace temper {

at::Tensor SequenceLogits(const Transformer& model, std::span<const int32_t> tokens) {
  const c10::InferenceMode inference;
  const PackedSequences packed(model.config(), {&tokens, 1});
  const auto attention = MakeCausalAttention(model, packed.lengths);
  const at::Device device = model.device();
  return model.Logits(model.Hidden(packed.tokens_T.to(device), packed.positions_T.to(device), *attention)).cpu();
}

}  // namespace temper
