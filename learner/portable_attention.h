#pragma once

#include <vector>

#include "learner/batch_packing.h"
#include "policy/model/attention.h"
#include "policy/model/variable_attention.h"

namespace temper {

// PackedAttention in ATen's operations, on any device: every completion is a sequence whose keys are those of its prompt, gathered once
// more, and its own. Keys and values are so held once a completion; queries and everything else once a token of the stream.
class PortableAttention final : public Attention {
 public:
  // `layer_windows` as in TransformerConfig.
  PortableAttention(const std::vector<SharedPrefixGroup>& groups, std::vector<int64_t> layer_windows, at::Device device);
  at::Tensor Attend(int64_t layer, const at::Tensor& q_THC, const at::Tensor& k_TKC, const at::Tensor& v_TKC) override;

 private:
  std::vector<int64_t> layer_windows_;
  SequenceSpans spans_;
  at::Tensor key_rows_S_;  // the stream's token each key is of; undefined when every token is a key once, in order
};

}  // namespace temper
