#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

namespace temper {

// Sequences of different lengths, one after the other in a stream of queries and in one of keys. The last query of a sequence sees all
// its keys, the one before it all but the last, and so on. Every sequence has at least as many keys as queries, and a query.
class SequenceSpans {
 public:
  void Add(int64_t queries, int64_t keys);
  // Copies the bounds to the device: call when all are added.
  void MoveTo(at::Device device);

  int64_t size() const { return static_cast<int64_t>(queries_.size()) - 1; }
  int64_t num_queries() const { return queries_.back(); }
  int64_t num_keys() const { return keys_.back(); }
  const std::vector<int32_t>& query_bounds() const { return queries_; }  // [size + 1]: where each begins, and the end
  const std::vector<int32_t>& key_bounds() const { return keys_; }
  const at::Tensor& device_query_bounds() const { return device_queries_; }
  const at::Tensor& device_key_bounds() const { return device_keys_; }
  int64_t longest_queries() const { return longest_queries_; }
  int64_t longest_keys() const { return longest_keys_; }

 private:
  std::vector<int32_t> queries_{0}, keys_{0};
  int64_t longest_queries_ = 0, longest_keys_ = 0;
  at::Tensor device_queries_, device_keys_;  // int32
};

// Softmax attention of every sequence, scaled by 1/sqrt(C); q_THC, k_SKC, v_SKC of one float type, S keys in all. With a window (0 = none)
// a query sees the last `window` of the keys it would see. Differentiable. On a GPU FlashAttention for bf16 and the memory-efficient
// kernel for fp32 (LibTorch's), where they take the head dimension; else sequence by sequence, scores in fp32.
at::Tensor AttendSequences(const at::Tensor& q_THC, const at::Tensor& k_SKC, const at::Tensor& v_SKC, const SequenceSpans& spans,
                           int64_t window);

}  // namespace temper
