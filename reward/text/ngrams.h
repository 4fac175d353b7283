#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "cluster/base/enum_names.h"

namespace temper {

enum class NgramUnit : uint8_t { kWord, kCharacter };

template <>
struct EnumNames<NgramUnit> {
  static constexpr std::string_view kWhat = "unit of n-grams";
  static constexpr EnumTable<NgramUnit, 2> kTable{{{NgramUnit::kWord, "words"}, {NgramUnit::kCharacter, "characters"}}};
};

// Which n-grams of a text count, and over how many slots their hashes fall. Two n-grams in one slot are not told apart.
struct NgramOptions {
  NgramUnit unit = NgramUnit::kWord;
  int32_t min_n = 1;
  int32_t max_n = 2;
  int32_t slot_bits = 20;      // 2^slot_bits slots, at most kMaxSlotBits
  int64_t max_characters = 0;  // what is read of the text: its whole words up to this many code points; 0 = all of it
};
inline constexpr int32_t kMaxSlotBits = 22;
inline constexpr int32_t kMaxNgram = 8;

// Says each n-gram of a normalised text (NormalizeText), as often as it occurs: its slot, and the bytes it stands in.
//   words:       runs of two or more letters, digits and underscores (scikit-learn's token_pattern), n in a row, whatever is between them
//   characters:  n code points inside a word, the space before and behind it included; of a word that is shorter the whole, once, as
//                scikit-learn's char_wb has it
// Not thread-safe: it keeps memory from text to text.
class NgramReader {
 public:
  explicit NgramReader(const NgramOptions& options) : options_(options), shift_(64 - options.slot_bits) {}

  // visit(uint32_t slot, size_t begin, size_t end)
  template <typename Visit>
  void Read(std::string_view text, Visit visit) {
    if (options_.unit == NgramUnit::kCharacter)
      return ForEachWord(text, [&](size_t begin, size_t end) { ReadWord(text, begin, end, visit); });
    FindWords(WhatIsRead(text));
    for (size_t first = 0; first < words_.size(); ++first) {
      uint64_t hash = kStart;
      for (size_t n = 1; n <= static_cast<size_t>(options_.max_n) && first + n <= words_.size(); ++n) {
        hash = (hash ^ words_[first + n - 1].hash) * kPrime;
        if (n >= static_cast<size_t>(options_.min_n)) visit(SlotOf(hash), words_[first].begin, words_[first + n - 1].end);
      }
    }
  }

  // What Read does of characters, in two steps. First come the words with their spaces,
  // visit(size_t begin, size_t end), then the n-grams of one of them, which are the same wherever
  // it stands.
  template <typename Visit>
  void ForEachWord(std::string_view text, Visit visit) const {
    text = WhatIsRead(text);
    for (size_t word = 0; word + 1 < text.size();) {
      const size_t end = std::min(text.find(' ', word + 1), text.size() - 1) + 1;  // behind the space that ends the word
      visit(word, end);
      word = end - 1;
    }
  }
  template <typename Visit>
  void ReadWord(std::string_view text, size_t word, size_t end, Visit visit) const {
    const auto continues = [&](size_t at) { return (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80; };
    for (size_t begin = word; begin < end; ++begin) {
      if (continues(begin)) continue;
      uint64_t hash = kStart;
      int32_t n = 0;
      for (size_t at = begin; at < end && n < options_.max_n;) {
        do hash = (hash ^ static_cast<unsigned char>(text[at++])) * kPrime;
        while (at < end && continues(at));
        if (++n >= options_.min_n) visit(SlotOf(hash), begin, at);
      }
      // A word of fewer code points than n counts once, whole; n is beyond what is left from here on.
      if (begin == word && n < options_.min_n) visit(SlotOf(hash), begin, end);
    }
  }

 private:
  // FNV-1a, whose lower bits are spread over the upper ones by Knuth's multiplicative hash.
  static constexpr uint64_t kStart = 0xcbf29ce484222325;
  static constexpr uint64_t kPrime = 0x100000001b3;
  static constexpr uint64_t kSpread = 0x9e3779b97f4a7c15;
  struct Word {
    uint64_t hash = 0;
    size_t begin = 0, end = 0;
  };

  uint32_t SlotOf(uint64_t hash) const { return static_cast<uint32_t>(((hash ^ (hash >> 32)) * kSpread) >> shift_); }
  std::string_view WhatIsRead(std::string_view text) const;
  void FindWords(std::string_view text);

  const NgramOptions options_;
  const int shift_;
  std::vector<Word> words_;
};

}  // namespace temper
