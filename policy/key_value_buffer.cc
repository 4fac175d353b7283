#include "policy/key_value_buffer.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "cluster/error.h"

namespace temper {

void KeyValueBuffer::Free::operator()(float* memory) const { std::free(memory); }

KeyValueBuffer::KeyValueBuffer(const TransformerConfig& config, int64_t capacity)
    : kv_heads_(config.num_kv_heads), head_dim_(config.head_dim), capacity_((capacity + kKeyBlock - 1) / kKeyBlock * kKeyBlock) {
  const int64_t floats = config.num_layers * kv_heads_ * 2 * capacity_ * head_dim_;
  memory_.reset(static_cast<float*>(std::aligned_alloc(64, static_cast<size_t>(floats) * sizeof(float))));
  TEMPER_CHECK(floats == 0 || memory_ != nullptr, "no memory for the keys and values of ", capacity_, " positions (", floats * 4,
               " bytes)");
}

void KeyValueBuffer::Write(int64_t layer, int64_t position, const float* keys_KC, const float* values_KC) {
  const int64_t stride = capacity_ * head_dim_;
  float* keys = memory_.get() + layer * kv_heads_ * 2 * stride;
  for (int64_t head = 0; head < kv_heads_; ++head, keys += 2 * stride, keys_KC += head_dim_, values_KC += head_dim_) {
    float* block = keys + position / kKeyBlock * kKeyBlock * head_dim_ + position % kKeyBlock;
    for (int64_t c = 0; c < head_dim_; ++c) block[c * kKeyBlock] = keys_KC[c];
    std::copy(values_KC, values_KC + head_dim_, keys + stride + position * head_dim_);
  }
}

KeyValueSpan KeyValueBuffer::Span(int64_t layer, int64_t kv_head, int64_t length) const {
  const int64_t stride = capacity_ * head_dim_;
  const float* keys = memory_.get() + (layer * kv_heads_ + kv_head) * 2 * stride;
  return {keys, keys + stride, length};
}

void AttendHeads(const TransformerConfig& config, int64_t layer, const float* q_HC, const KeyValueBuffer& first, int64_t first_length,
                 const KeyValueBuffer& second, int64_t second_length, float* scores, float* out_HC) {
  const auto attend = ActiveKernels().attend;
  const int64_t size = config.head_dim;
  const int64_t shared = config.num_heads / config.num_kv_heads;
  const float scale = 1.0f / std::sqrt(static_cast<float>(size));
  for (int64_t head = 0; head < config.num_heads; ++head) {
    const KeyValueSpan a = first.Span(layer, head / shared, first_length);
    const KeyValueSpan b = second_length > 0 ? second.Span(layer, head / shared, second_length) : KeyValueSpan{a.keys, a.values, 0};
    attend(q_HC + head * size, a, b, size, scale, scores, out_HC + head * size);
  }
}

}  // namespace temper
