#include "rollout/kv_cache.h"

#include <algorithm>

#include <ATen/ops/empty_like.h>

#include "cluster/error.h"

namespace temper {

at::Tensor CacheAttention::Attend(int64_t layer, const at::Tensor& q_THC, const at::Tensor& k_TKC, const at::Tensor& v_TKC) {
  TEMPER_CHECK(q_THC.size(0) == static_cast<int64_t>(rows_.size()), "attention over ", q_THC.size(0), " tokens, ", rows_.size(),
               " cache rows");
  at::Tensor out = at::empty_like(q_THC);
  const int64_t query = config_.num_heads * config_.head_dim;
  const int64_t key = config_.num_kv_heads * config_.head_dim;
  const float* q = q_THC.const_data_ptr<float>();
  const float* k = k_TKC.const_data_ptr<float>();
  const float* v = v_TKC.const_data_ptr<float>();
  float* o = out.mutable_data_ptr<float>();
  for (const CacheRow& row : rows_) {
    const int64_t own = row.position - row.prefix_length;
    if (own < 0)
      row.prefix->Write(layer, row.position, k, v);
    else
      row.suffix->Write(layer, own, k, v);
    const int64_t shared = std::min(row.prefix_length, row.position + 1);
    scores_.resize(std::max(scores_.size(), static_cast<size_t>(row.position) + 64));
    AttendHeads(config_, layer, q, *row.prefix, shared, own < 0 ? *row.prefix : *row.suffix, own + 1, scores_.data(), o);
    q += query;
    k += key;
    v += key;
    o += query;
  }
  return out;
}

}  // namespace temper
