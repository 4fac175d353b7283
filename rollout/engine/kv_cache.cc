#include "rollout/engine/kv_cache.h"

#include <algorithm>

#include <ATen/ops/empty_like.h>

#include "cluster/base/error.h"

namespace temper {

at::Tensor CacheAttention::Attend(int64_t layer, const at::Tensor& q_THC, const at::Tensor& k_TKC, const at::Tensor& v_TKC) {
  TEMPER_CHECK(q_THC.size(0) == static_cast<int64_t>(rows_.size()), "attention over ", q_THC.size(0), " tokens, ", rows_.size(),
               " cache rows");
  at::Tensor out = at::empty_like(q_THC);
  const int64_t key = config_.num_kv_heads * config_.head_dim;
  const float* k = k_TKC.const_data_ptr<float>();
  const float* v = v_TKC.const_data_ptr<float>();
  views_.clear();
  for (const CacheRow& row : rows_) {
    const int64_t own = row.position - row.prefix_length;
    if (own < 0)
      row.prefix->Write(layer, row.position, k, v);
    else
      row.suffix->Write(layer, own, k, v);
    k += key;
    v += key;
    views_.push_back({row.prefix, std::min(row.prefix_length, row.position + 1), row.suffix, std::max<int64_t>(own + 1, 0)});
  }
  AttendRows(config_, layer, type_, views_, q_THC.const_data_ptr<float>(), &scores_, out.mutable_data_ptr<float>());
  return out;
}

}  // namespace temper
