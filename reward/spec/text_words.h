#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace temper {

// A word of a text: lower-case letters and digits (ASCII; bytes above 127 count as letters and stay), or one other visible byte.
struct TextWord {
  std::string text;
  uint32_t begin = 0;  // byte offset in the text
  uint32_t end = 0;
  bool letters = true;  // false: a mark such as "."
};

// Whether the byte is a letter or digit, or of a character beyond ASCII.
bool IsTextWordByte(unsigned char c);

std::vector<TextWord> ReadTextWords(std::string_view text);

// The texts of the words, marks left out.
std::vector<std::string> LetterWords(const std::vector<TextWord>& words);

}  // namespace temper
