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

KeyValueSpan KeyValueBuffer::Span(int64_t layer, int64_t kv_head, int64_t begin, int64_t length, std::vector<float>* shifted) const {
  const KeyValueSpan all = Span(layer, kv_head, begin + length);
  const int64_t inside = begin % kKeyBlock;
  const float* from = all.keys + (begin - inside) * head_dim_;
  const float* values = all.values + begin * head_dim_;
  if (inside == 0 || length == 0) return {from, values, length};
  const int64_t block = kKeyBlock * head_dim_;
  const int64_t blocks = (length + kKeyBlock - 1) / kKeyBlock;
  shifted->resize(static_cast<size_t>(blocks * block));
  float* to = shifted->data();
  for (int64_t b = 0; b < blocks; ++b) {
    const bool has_next = (b + 1) * kKeyBlock < inside + length;  // the last block may have no other behind it
    for (int64_t c = 0; c < head_dim_; ++c, from += kKeyBlock, to += kKeyBlock) {
      std::copy(from + inside, from + kKeyBlock, to);
      if (has_next) std::copy(from + block, from + block + inside, to + kKeyBlock - inside);
    }
  }
  return {shifted->data(), values, length};
}

namespace {

// What one query head sees, as the kernel takes it.
struct VisibleSpans {
  KeyValueSpan first, second;
};

// Without the positions before `hidden`, which lie in `first` or reach into `second`. Only the keys of a block that is cut are moved
// where that is possible: with one buffer left the cut block is the first span and the rest the second.
VisibleSpans LastSpans(int64_t layer, int64_t kv_head, const KeyValueBuffer& first, int64_t first_length, const KeyValueBuffer& second,
                       int64_t second_length, int64_t hidden, std::vector<float>* shifted) {
  if (hidden < first_length && second_length > 0)
    return {first.Span(layer, kv_head, hidden, first_length - hidden, shifted), second.Span(layer, kv_head, second_length)};
  const bool in_first = hidden < first_length;
  const KeyValueBuffer& buffer = in_first ? first : second;
  const int64_t begin = in_first ? hidden : hidden - first_length;
  const int64_t length = (in_first ? first_length : second_length) - begin;
  const int64_t cut = std::min(length, (kKeyBlock - begin % kKeyBlock) % kKeyBlock);
  return {buffer.Span(layer, kv_head, begin, cut, shifted), buffer.Span(layer, kv_head, begin + cut, length - cut, shifted)};
}

}  // namespace

void AttendHeads(const TransformerConfig& config, int64_t layer, const float* q_HC, const KeyValueBuffer& first, int64_t first_length,
                 const KeyValueBuffer& second, int64_t second_length, float* scores, float* out_HC) {
  const auto attend = ActiveKernels().attend;
  const int64_t size = config.head_dim;
  const int64_t shared = config.num_heads / config.num_kv_heads;
  const float scale = 1.0f / std::sqrt(static_cast<float>(size));
  const int64_t window = config.window(layer);
  const int64_t hidden = window > 0 ? first_length + std::max<int64_t>(second_length, 0) - window : 0;
  thread_local std::vector<float> shifted;  // as long as the longest window; allocating it per token would cost more than the copy
  for (int64_t kv_head = 0; kv_head < config.num_kv_heads; ++kv_head) {
    VisibleSpans seen;
    if (hidden > 0) {
      seen = LastSpans(layer, kv_head, first, first_length, second, second_length, hidden, &shifted);
    } else {
      seen.first = first.Span(layer, kv_head, first_length);
      seen.second = second_length > 0 ? second.Span(layer, kv_head, second_length) : KeyValueSpan{seen.first.keys, seen.first.values, 0};
    }
    for (int64_t head = kv_head * shared; head < (kv_head + 1) * shared; ++head)
      attend(q_HC + head * size, seen.first, seen.second, size, scale, scores, out_HC + head * size);
  }
}

}  // namespace temper
