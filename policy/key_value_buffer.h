#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "policy/transformer_config.h"
#include "policy/vector_kernels.h"

namespace temper {

// Keys and values of consecutive positions of one sequence, for all layers, in the layout of VectorKernels::attend. Memory is touched
// only as positions are written.
class KeyValueBuffer {
 public:
  KeyValueBuffer() = default;
  KeyValueBuffer(const TransformerConfig& config, int64_t capacity);  // capacity in positions, rounded up to a key block

  int64_t capacity() const { return capacity_; }
  // Stores the key and value of all K heads ([K, C] each) of one layer at `position`, 0 <= position < capacity.
  void Write(int64_t layer, int64_t position, const float* keys_KC, const float* values_KC);
  // Positions [0, length) of one layer and head.
  KeyValueSpan Span(int64_t layer, int64_t kv_head, int64_t length) const;
  // Positions [begin, begin + length). Where begin lies inside a key block, the keys are moved to `shifted`.
  KeyValueSpan Span(int64_t layer, int64_t kv_head, int64_t begin, int64_t length, std::vector<float>* shifted) const;

 private:
  struct Free {
    void operator()(float* memory) const;
  };
  int64_t kv_heads_ = 0;
  int64_t head_dim_ = 0;
  int64_t capacity_ = 0;
  std::unique_ptr<float[], Free> memory_;  // [layers, kv_heads, 2 (keys, values), capacity * head_dim]
};

// The attention output of all H query heads of one token over `first` then `second`, the latter's length 0 or less when absent: the
// positions up to the token's own, of which it sees the last window of the layer.
// q_HC and out_HC hold the heads in order; `scores` is scratch of first + second length + 32 floats.
void AttendHeads(const TransformerConfig& config, int64_t layer, const float* q_HC, const KeyValueBuffer& first, int64_t first_length,
                 const KeyValueBuffer& second, int64_t second_length, float* scores, float* out_HC);

}  // namespace temper
