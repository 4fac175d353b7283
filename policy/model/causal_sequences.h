#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "policy/model/attention.h"
#include "policy/model/key_value_buffer.h"
#include "policy/model/transformer.h"

namespace temper {

// Whole sequences, one after the other in one stream, each token seeing itself and those before it
// in its own sequence. This is the attention of one plain inference pass by the own CPU kernels.
// The model must outlive it.
class CausalSequences : public Attention {
 public:
  // lengths: tokens of each sequence, at least one.
  CausalSequences(const Transformer& model, std::span<const int64_t> lengths);
  at::Tensor Attend(int64_t layer, const at::Tensor& q_THC, const at::Tensor& k_TKC, const at::Tensor& v_TKC) override;

 private:
  struct Place {
    size_t sequence = 0;
    int64_t position = 0;
  };
  const TransformerConfig& config_;
  std::vector<KeyValueBuffer> buffers_;  // of each sequence
  std::vector<Place> places_;            // of each token
  std::vector<CacheView> views_;
  std::vector<float> scores_;
};

// The same for any model: by the own CPU kernels, or where the model computes with ATen's operations by these. The model must outlive it.
std::unique_ptr<Attention> MakeCausalAttention(const Transformer& model, std::span<const int64_t> lengths);

// Sequences as the tensors a forward takes: ids, and positions that begin at 0 with each sequence. Throws Error when a sequence is empty,
// longer than max_positions, or holds an id outside the vocabulary.
struct PackedSequences {
  PackedSequences(const TransformerConfig& config, std::span<const std::span<const int32_t>> sequences);
  at::Tensor tokens_T, positions_T;  // int64
  std::vector<int64_t> lengths;
};

}  // namespace temper
