#include "policy/tokenizer/word_cache.h"

#include <cstring>

namespace temper {
namespace {

constexpr size_t kNumSlots = size_t{1} << 16;
constexpr size_t kMaxWordBytes = 256;

uint64_t Mix(uint64_t value) {
  value *= 0x9E3779B97F4A7C15;
  return value ^ value >> 32;
}

uint64_t Hash(std::string_view word) {
  uint64_t hash = word.size();
  uint64_t chunk = 0;
  size_t i = 0;
  for (; i + sizeof chunk <= word.size(); i += sizeof chunk) {
    std::memcpy(&chunk, word.data() + i, sizeof chunk);
    hash = Mix(hash ^ chunk);
  }
  chunk = 0;
  std::memcpy(&chunk, word.data() + i, word.size() - i);
  return Mix(hash ^ chunk);
}

}  // namespace

WordCache::WordCache() : entries_(kNumSlots) {}

size_t WordCache::Slot(std::string_view word, uint64_t hash) const {
  for (size_t slot = hash % kNumSlots;; slot = (slot + 1) % kNumSlots) {
    const Entry& entry = entries_[slot];
    if (!entry.used) return slot;
    if (entry.hash == hash && std::string_view(words_.data() + entry.word, entry.word_bytes) == word) return slot;
  }
}

bool WordCache::Append(std::string_view word, std::vector<int32_t>* ids) const {
  if (word.size() > kMaxWordBytes) return false;
  const Entry& entry = entries_[Slot(word, Hash(word))];
  if (!entry.used) return false;
  ids->insert(ids->end(), ids_.begin() + entry.ids, ids_.begin() + entry.ids + entry.num_ids);
  return true;
}

void WordCache::Insert(std::string_view word, std::span<const int32_t> ids) {
  if (word.size() > kMaxWordBytes) return;
  if (num_entries_ == kNumSlots / 2) {
    entries_.assign(kNumSlots, {});
    num_entries_ = 0;
    words_.clear();
    ids_.clear();
  }
  const uint64_t hash = Hash(word);
  entries_[Slot(word, hash)] = {hash,
                                static_cast<uint32_t>(words_.size()),
                                static_cast<uint32_t>(ids_.size()),
                                static_cast<uint16_t>(word.size()),
                                static_cast<uint16_t>(ids.size()),
                                true};
  ++num_entries_;
  words_.insert(words_.end(), word.begin(), word.end());
  ids_.insert(ids_.end(), ids.begin(), ids.end());
}

std::unique_ptr<WordCache> WordCachePool::Take() {
  {
    const std::lock_guard lock(mutex_);
    if (!free_.empty()) {
      auto cache = std::move(free_.back());
      free_.pop_back();
      return cache;
    }
  }
  return std::make_unique<WordCache>();
}

void WordCachePool::Return(std::unique_ptr<WordCache> cache) {
  const std::lock_guard lock(mutex_);
  free_.push_back(std::move(cache));
}

}  // namespace temper
