#pragma once

#include <cstdint>
#include <vector>

#include "policy/model/key_value_buffer.h"
#include "policy/model/transformer.h"

namespace temper {

// One token of a forward and the cache it belongs to: positions below `prefix_length` live in `prefix` (shared by the completions of a
// group), those after it in `suffix`. Borrowed buffers.
struct CacheRow {
  KeyValueBuffer* prefix = nullptr;
  int64_t prefix_length = 0;
  KeyValueBuffer* suffix = nullptr;  // may be null while position < prefix_length
  int64_t position = 0;
};

// Attention from key/value caches: each row first stores its own key and value, then sees every position up to its own. Rows of one
// sequence must come in the order of their positions.
class CacheAttention : public Attention {
 public:
  explicit CacheAttention(const Transformer& model) : config_(model.config()), type_(model.cache_type()) {}
  std::vector<CacheRow>& rows() { return rows_; }
  at::Tensor Attend(int64_t layer, const at::Tensor& q_THC, const at::Tensor& k_TKC, const at::Tensor& v_TKC) override;

 private:
  const TransformerConfig& config_;
  CacheType type_;
  std::vector<CacheRow> rows_;
  std::vector<CacheView> views_;
  std::vector<float> scores_;
};

}  // namespace temper
