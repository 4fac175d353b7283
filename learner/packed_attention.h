#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include <c10/util/intrusive_ptr.h>

#include "learner/batch_packing.h"
#include "policy/model/attention.h"

namespace temper {

// Attention within one packed micro-batch (batch_packing.h): exact, differentiable, and no work on pairs of tokens that do not see each
// other beyond one tile's edge. Per key/value head and group it runs small GEMMs: all completions against the shared prompt at once, each
// completion against itself. The backward recomputes the scores, so memory beyond q, k, v and the output is one tile per thread.
// Inputs: CPU tensors, fp32 or bf16 (computed in fp32). Immutable after construction. Computes groups and heads in parallel; the
// result does not depend on the number of threads.
class PackedAttention final : public Attention {
 public:
  // `layer_windows` as in TransformerConfig.
  explicit PackedAttention(const std::vector<SharedPrefixGroup>& groups, std::vector<int64_t> layer_windows = {});
  ~PackedAttention() override;
  at::Tensor Attend(int64_t layer, const at::Tensor& q_THC, const at::Tensor& k_TKC, const at::Tensor& v_TKC) override;

  struct Plan;

 private:
  std::vector<int64_t> layer_windows_;
  std::map<int64_t, c10::intrusive_ptr<Plan>> plans_;  // one for each window that occurs
};

}  // namespace temper
