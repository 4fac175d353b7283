#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace temper {

// Counts phrases of several lists in a text in one pass (Aho and Corasick 1975), wherever they stand, inside words too. Lower-case letters,
// digits, spaces, apostrophes, commas and hyphens are told apart; every other byte ends what could be a phrase.
class PhraseCounter {
 public:
  static constexpr size_t kMaxLists = 8;
  struct Counts {
    std::array<uint32_t, kMaxLists> all{};   // occurrences of the list's phrases, overlapping ones too
    std::array<uint32_t, kMaxLists> head{};  // those that end within the first `head_bytes`
  };

  explicit PhraseCounter(const std::vector<std::vector<std::string_view>>& lists);
  Counts Count(std::string_view normalized, size_t head_bytes) const;

 private:
  static constexpr size_t kLetters = 48;
  struct State {
    std::array<uint16_t, kLetters> next{};
    std::array<uint8_t, kMaxLists> found{};  // phrases that end here, by list
    uint16_t fallback = 0;
    bool any = false;
  };
  void AddPhrase(std::string_view phrase, size_t list);
  void Link();

  std::array<uint8_t, 256> letters_{};  // 0 = a byte of no phrase
  std::vector<State> states_;
};

}  // namespace temper
