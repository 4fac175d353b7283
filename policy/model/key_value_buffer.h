#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "policy/kernels/vector_kernels.h"
#include "policy/model/transformer_config.h"

namespace temper {

enum class CacheType { kFp32, kBf16 };

// Keys and values of consecutive positions of one sequence, for all layers, in the layout of VectorKernels::attend. Memory is touched
// only as positions are written.
class KeyValueBuffer {
 public:
  KeyValueBuffer() = default;
  // Capacity in positions, rounded up to a key block.
  KeyValueBuffer(const TransformerConfig& config, int64_t capacity, CacheType type);

  int64_t capacity() const { return capacity_; }
  CacheType type() const { return type_; }
  // Stores the key and value of all K heads ([K, C] each) of one layer at `position`, 0 <= position < capacity.
  void Write(int64_t layer, int64_t position, const float* keys_KC, const float* values_KC);
  // Positions [0, length) of one layer and head; T must be the buffer's type.
  template <class T>
  KeyValueSpan<T> Span(int64_t layer, int64_t kv_head, int64_t length) const {
    const int64_t stride = capacity_ * head_dim_;
    const T* keys = reinterpret_cast<const T*>(memory_.get()) + (layer * kv_heads_ + kv_head) * 2 * stride;
    return {keys, keys + stride, length};
  }

 private:
  template <class T>
  void WriteAs(int64_t layer, int64_t position, const T* keys_KC, const T* values_KC);
  struct Free {
    void operator()(std::byte* memory) const;
  };
  CacheType type_ = CacheType::kFp32;
  int64_t kv_heads_ = 0;
  int64_t head_dim_ = 0;
  int64_t capacity_ = 0;
  std::vector<Bf16> rounded_;                  // scratch of Write
  std::unique_ptr<std::byte[], Free> memory_;  // [layers, kv_heads, 2 (keys, values), capacity * head_dim]
};

// The positions up to a token's own: those of `first`, then those of `second`, which may be null (length 0). The token sees the last
// window of them, as its layer's window says.
struct CacheView {
  const KeyValueBuffer* first = nullptr;
  int64_t first_length = 0;
  const KeyValueBuffer* second = nullptr;
  int64_t second_length = 0;
};

// The attention output of all H query heads of the tokens `views` is about, in one layer. All buffers are of `type`. q_THC and out_THC
// hold tokens, then heads, in order; `scores` is scratch.
void AttendRows(const TransformerConfig& config, int64_t layer, CacheType type, std::span<const CacheView> views, const float* q_THC,
                std::vector<float>* scores, float* out_THC);

}  // namespace temper
