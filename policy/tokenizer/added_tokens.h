#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace temper {

// One entry of tokenizer.json's added_tokens.
struct AddedToken {
  int32_t id = 0;
  std::string content;
  std::string pattern;       // what is looked for: the content, as the normalizer leaves it where `normalized`
  bool special = false;      // left out of decoded text
  bool normalized = false;   // looked for after the others, in what they left
  bool lstrip = false;       // takes the white space before it
  bool rstrip = false;       // takes the white space behind it
  bool single_word = false;  // only where no word character touches it
};

// A part of a text: an added token (id) or ordinary text (id -1).
struct TextPiece {
  int32_t id = -1;
  std::string_view text;
};

// Finds added tokens in a text: from left to right, the longest at each place. Immutable, safe to share between threads.
class AddedTokens {
 public:
  AddedTokens() = default;
  // ConfigError where a pattern is empty or two tokens of one pass have the same.
  explicit AddedTokens(std::vector<AddedToken> tokens);
  AddedTokens(const AddedTokens&) = delete;  // it holds views of its tokens
  AddedTokens(AddedTokens&&) = default;
  AddedTokens& operator=(AddedTokens&&) = default;

  // `text` before normalization, by the tokens that are not `normalized`; views into `text`.
  std::vector<TextPiece> SplitRaw(std::string_view text) const { return Split(passes_[0], text); }
  // A piece of text after normalization, by the tokens that are.
  std::vector<TextPiece> SplitNormalized(std::string_view text) const { return Split(passes_[1], text); }

 private:
  // The tokens of one pass, by pattern; the lengths that occur, longest first, by first byte.
  struct Pass {
    std::unordered_map<std::string_view, size_t> index;
    std::array<std::vector<size_t>, 256> lengths;
  };

  const AddedToken* LongestAt(const Pass& pass, std::string_view text, size_t at) const;
  std::vector<TextPiece> Split(const Pass& pass, std::string_view text) const;

  std::vector<AddedToken> tokens_;
  std::array<Pass, 2> passes_;  // not normalized, normalized
};

}  // namespace temper
