#include "reward/spec/text_words.h"

namespace temper {
namespace {

bool IsSpace(unsigned char c) { return c <= ' ' || c == 0x7f; }
char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

bool IsTextWordByte(unsigned char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c >= 0x80; }

std::vector<TextWord> ReadTextWords(std::string_view text) {
  std::vector<TextWord> words;
  size_t at = 0;
  while (at < text.size()) {
    if (IsSpace(static_cast<unsigned char>(text[at]))) {
      ++at;
      continue;
    }
    const size_t begin = at;
    const bool letters = IsTextWordByte(static_cast<unsigned char>(text[at]));
    ++at;
    while (letters && at < text.size() && IsTextWordByte(static_cast<unsigned char>(text[at]))) ++at;
    std::string word(text.substr(begin, at - begin));
    for (char& c : word) c = Lower(c);
    words.push_back({std::move(word), static_cast<uint32_t>(begin), static_cast<uint32_t>(at), letters});
  }
  return words;
}

std::vector<std::string> LetterWords(const std::vector<TextWord>& words) {
  std::vector<std::string> out;
  for (const TextWord& word : words)
    if (word.letters) out.push_back(word.text);
  return out;
}

}  // namespace temper
