#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

namespace temper {

// Ids of words seen before, bounded: when it is full it starts again. For one thread at a time.
class WordCache {
 public:
  WordCache();

  // Appends the word's ids to *ids; false where the word is not known.
  bool Append(std::string_view word, std::vector<int32_t>* ids) const;
  // `word` must not be known; long ones are not kept.
  void Insert(std::string_view word, std::span<const int32_t> ids);

 private:
  struct Entry {
    uint64_t hash = 0;
    uint32_t word = 0;  // offset in words_
    uint32_t ids = 0;   // offset in ids_
    uint16_t word_bytes = 0;
    uint16_t num_ids = 0;
    bool used = false;
  };
  size_t Slot(std::string_view word, uint64_t hash) const;  // of the word, or the free one where it belongs

  std::vector<Entry> entries_;  // open addressing, at most half full
  size_t num_entries_ = 0;
  std::vector<char> words_;
  std::vector<int32_t> ids_;
};

// The caches of a tokenizer: each call to Encode borrows one, so that threads share nothing while they encode. A mutex guards the list.
class WordCachePool {
 public:
  std::unique_ptr<WordCache> Take();
  void Return(std::unique_ptr<WordCache> cache);

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<WordCache>> free_;
};

}  // namespace temper
