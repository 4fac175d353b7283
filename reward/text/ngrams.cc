#include "reward/text/ngrams.h"

#include <array>

#include <unicode/uchar.h>

#include "cluster/base/utf8.h"

namespace temper {
namespace {

constexpr std::array<bool, 128> kAsciiWord = [] {
  std::array<bool, 128> table{};
  for (size_t c = 0; c < table.size(); ++c)
    table[c] = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || (c >= 'A' && c <= 'Z');
  return table;
}();

// Whether a code point belongs to a word, as Python's \w has it; *at moves behind it.
bool NextIsWord(std::string_view text, size_t* at) {
  const auto c = static_cast<unsigned char>(text[*at]);
  if ((c & 0x80) == 0) {
    ++*at;
    return kAsciiWord[c];
  }
  return u_isalnum(static_cast<UChar32>(NextCodePoint(text, at))) != 0;
}

}  // namespace

std::string_view NgramReader::WhatIsRead(std::string_view text) const {
  const auto limit = static_cast<size_t>(options_.max_characters);
  if (limit == 0 || text.size() <= limit + 2) return text;
  size_t at = 0;
  for (size_t count = 0; at < text.size() && count <= limit; ++count) NextCodePoint(text, &at);
  if (at == text.size()) return text;
  const size_t end = text[at] == ' ' ? at : text.rfind(' ', at);
  return text.substr(0, end == 0 ? at : end + 1);  // a text that is one word is cut inside it
}

void NgramReader::FindWords(std::string_view text) {
  words_.clear();
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    if (!NextIsWord(text, &at)) continue;
    size_t end = at, letters = 1;
    while (at < text.size() && NextIsWord(text, &at)) {
      end = at;
      ++letters;
    }
    if (letters < 2) continue;
    uint64_t hash = kStart;
    for (size_t i = begin; i < end; ++i) hash = (hash ^ static_cast<unsigned char>(text[i])) * kPrime;
    words_.push_back({hash, begin, end});
  }
}

}  // namespace temper
