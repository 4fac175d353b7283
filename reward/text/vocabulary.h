#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "reward/text/ngrams.h"

namespace temper {

// How often the n-grams of a text fall into a slot.
struct SlotCount {
  uint32_t slot : kMaxSlotBits;
  uint32_t count : 32 - kMaxSlotBits;  // from 1 to kMaxCount; more counts as kMaxCount
};
inline constexpr uint32_t kMaxCount = (1U << (32 - kMaxSlotBits)) - 1;

// The n-grams of many texts, text by text; of a text each slot once.
struct CountedTexts {
  std::vector<uint64_t> ends = {};
  std::vector<SlotCount> counts = {};

  size_t size() const { return ends.size(); }
  std::span<const SlotCount> text(size_t index) const {
    const uint64_t begin = index == 0 ? 0 : ends[index - 1];
    return std::span(counts).subspan(begin, ends[index] - begin);
  }
};

// Counts the n-grams of normalised texts, one after the other. Not thread-safe.
class NgramCounter {
 public:
  explicit NgramCounter(const NgramOptions& options);
  void Add(std::string_view normalized, CountedTexts* to);

 private:
  NgramReader reader_;
  std::vector<uint16_t> counts_;  // by slot; all 0 between texts
  std::vector<uint32_t> touched_;
};

struct VocabularyOptions {
  int64_t max_features = 60000;  // the slots with the highest counts over all texts; of equal ones the lower
  int64_t min_texts = 1;         // that a slot occurs in
  int64_t min_sources = 1;       // from whose texts: a slot that one source alone uses tells its style
};

// The slots that count, rising, and how rare each is: idf = ln((1 + texts) / (1 + texts that have it)) + 1, as scikit-learn smooths it.
struct Vocabulary {
  std::vector<uint32_t> slots;
  std::vector<float> idf;
};

// From those texts of `texts` that `rows` names; `source_of` has a number for every text of `texts`, or is empty where all are of one.
Vocabulary FitVocabulary(const CountedTexts& texts, std::span<const uint32_t> rows, std::span<const uint32_t> source_of, int slot_bits,
                         const VocabularyOptions& options);

// Finds the place of a slot in a vocabulary with one look into a bit set: 2^slot_bits bits, and a count for each 64 of them.
class SlotIndex {
 public:
  SlotIndex(std::span<const uint32_t> slots, int slot_bits);

  // Its place, or -1 where it is not in the vocabulary.
  int32_t Find(uint32_t slot) const {
    const uint64_t bits = bits_[slot / 64], bit = uint64_t{1} << (slot % 64);
    if ((bits & bit) == 0) return -1;
    return static_cast<int32_t>(before_[slot / 64]) + std::popcount(bits & (bit - 1));
  }

 private:
  std::vector<uint64_t> bits_;
  std::vector<uint32_t> before_;  // slots in the words of bits before each
};

// 1 + ln(count), up to kMaxCount: a word that comes ten times says not ten times as much.
extern const std::array<float, kMaxCount + 1> kSublinearCounts;
inline float SublinearCount(uint32_t count) { return kSublinearCounts[std::min(count, kMaxCount)]; }

}  // namespace temper
