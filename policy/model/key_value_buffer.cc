#include "policy/model/key_value_buffer.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "cluster/base/error.h"

namespace temper {
namespace {

int64_t SizeOf(CacheType type) { return type == CacheType::kBf16 ? sizeof(Bf16) : sizeof(float); }

// The spans of one view and head.
template <class T>
struct SpanPair {
  KeyValueSpan<T> first, second;

  SpanPair(const CacheView& view, int64_t layer, int64_t kv_head) : first(view.first->Span<T>(layer, kv_head, view.first_length)) {
    second = view.second_length > 0 ? view.second->Span<T>(layer, kv_head, view.second_length) : KeyValueSpan<T>{first.keys, first.values};
  }
  void Next(const SpanPair& next) {
    second.next_keys = next.second.keys;
    second.next_values = next.second.values;
  }
};

// A key/value head at a time: the prompt that rows share then stays near, and each row asks for what the next one will read.
template <class T, class Kernel>
void AttendAll(const TransformerConfig& config, int64_t layer, Kernel attend, std::span<const CacheView> views, const float* q_THC,
               float* scores, float* out_THC) {
  const int64_t size = config.head_dim;
  const int64_t heads_per_kv = config.num_heads / config.num_kv_heads;
  const int64_t width = config.num_heads * size;
  const float scale = 1.0f / std::sqrt(static_cast<float>(size));
  const int64_t window = config.window(layer);
  for (int64_t kv_head = 0; kv_head < config.num_kv_heads; ++kv_head) {
    SpanPair<T> spans(views[0], layer, kv_head);
    for (size_t row = 0; row < views.size(); ++row) {
      const SpanPair<T> next(views[std::min(row + 1, views.size() - 1)], layer, kv_head);
      spans.Next(next);
      const int64_t length = views[row].first_length + views[row].second_length;
      const int64_t begin = window > 0 ? std::max<int64_t>(0, length - window) : 0;
      for (int64_t head = kv_head * heads_per_kv; head < (kv_head + 1) * heads_per_kv; ++head) {
        const int64_t at = static_cast<int64_t>(row) * width + head * size;
        attend(q_THC + at, spans.first, spans.second, begin, size, scale, scores, out_THC + at);
      }
      spans = next;
    }
  }
}

}  // namespace

void KeyValueBuffer::Free::operator()(std::byte* memory) const { std::free(memory); }

KeyValueBuffer::KeyValueBuffer(const TransformerConfig& config, int64_t capacity, CacheType type)
    : type_(type),
      kv_heads_(config.num_kv_heads),
      head_dim_(config.head_dim),
      capacity_((capacity + kKeyBlock - 1) / kKeyBlock * kKeyBlock) {
  const int64_t bytes = config.num_layers * kv_heads_ * 2 * capacity_ * head_dim_ * SizeOf(type);
  memory_.reset(static_cast<std::byte*>(std::aligned_alloc(64, static_cast<size_t>((bytes + 63) / 64 * 64))));
  TEMPER_CHECK(bytes == 0 || memory_ != nullptr, "no memory for the keys and values of ", capacity_, " positions (", bytes, " bytes)");
}

template <class T>
void KeyValueBuffer::WriteAs(int64_t layer, int64_t position, const T* keys_KC, const T* values_KC) {
  const int64_t stride = capacity_ * head_dim_;
  T* keys = reinterpret_cast<T*>(memory_.get()) + layer * kv_heads_ * 2 * stride;
  for (int64_t head = 0; head < kv_heads_; ++head, keys += 2 * stride, keys_KC += head_dim_, values_KC += head_dim_) {
    T* block = keys + position / kKeyBlock * kKeyBlock * head_dim_ + position % kKeyBlock;
    for (int64_t c = 0; c < head_dim_; ++c) block[c * kKeyBlock] = keys_KC[c];
    std::copy(values_KC, values_KC + head_dim_, keys + stride + position * head_dim_);
  }
}

void KeyValueBuffer::Write(int64_t layer, int64_t position, const float* keys_KC, const float* values_KC) {
  if (type_ == CacheType::kFp32) return WriteAs<float>(layer, position, keys_KC, values_KC);
  const int64_t count = kv_heads_ * head_dim_;
  rounded_.resize(static_cast<size_t>(2 * count + 2));
  Bf16* values = rounded_.data() + count + 1;
  ActiveKernels().round_bf16(keys_KC, rounded_.data(), 1, count);
  ActiveKernels().round_bf16(values_KC, values, 1, count);
  WriteAs<Bf16>(layer, position, rounded_.data(), values);
}

void AttendRows(const TransformerConfig& config, int64_t layer, CacheType type, std::span<const CacheView> views, const float* q_THC,
                std::vector<float>* scores, float* out_THC) {
  if (views.empty()) return;
  int64_t longest = 0;
  for (const CacheView& view : views) longest = std::max(longest, view.first_length + view.second_length);
  scores->resize(std::max(scores->size(), static_cast<size_t>(longest) + 64));
  if (type == CacheType::kBf16)
    AttendAll<Bf16>(config, layer, ActiveKernels().attend_bf16, views, q_THC, scores->data(), out_THC);
  else
    AttendAll<float>(config, layer, ActiveKernels().attend, views, q_THC, scores->data(), out_THC);
}

}  // namespace temper
