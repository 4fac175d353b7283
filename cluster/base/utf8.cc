#include "cluster/base/utf8.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace temper {
namespace {

// What a lead byte announces: the length of the sequence and the range of its second byte (which excludes overlong forms, surrogates
// and what lies above U+10FFFF). Length 0: not a lead byte. Table 3-7 of the Unicode standard.
struct Lead {
  size_t length;
  uint8_t second_min = 0x80;
  uint8_t second_max = 0xBF;
};

Lead LeadOf(uint8_t byte) {
  if (byte < 0x80) return {1};
  if (byte < 0xC2) return {0};
  if (byte < 0xE0) return {2};
  if (byte == 0xE0) return {3, 0xA0};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte < 0xF0) return {3};
  if (byte == 0xF0) return {4, 0x90};
  if (byte < 0xF4) return {4};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0};
}

// Bytes of the longest prefix of a well-formed sequence at `position` (1 at least); *whole tells whether it is a complete one.
size_t SequenceAt(std::string_view text, size_t position, bool* whole) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const Lead lead = LeadOf(byte(position));
  *whole = lead.length == 1;
  if (lead.length <= 1) return 1;
  for (size_t i = 1; i < lead.length; ++i) {
    if (position + i >= text.size()) return i;
    const uint8_t min = i == 1 ? lead.second_min : 0x80;
    const uint8_t max = i == 1 ? lead.second_max : 0xBF;
    if (byte(position + i) < min || byte(position + i) > max) return i;
  }
  *whole = true;
  return lead.length;
}

// Bytes of the ASCII prefix, eight at a time.
size_t AsciiPrefix(std::string_view text) {
  size_t i = 0;
  for (uint64_t word; i + sizeof word <= text.size(); i += sizeof word) {
    std::memcpy(&word, text.data() + i, sizeof word);
    if ((word & 0x8080808080808080) != 0) break;
  }
  while (i < text.size() && static_cast<uint8_t>(text[i]) < 0x80) ++i;
  return i;
}

}  // namespace

std::optional<size_t> InvalidUtf8At(std::string_view text) {
  bool whole = true;
  for (size_t i = AsciiPrefix(text); i < text.size(); i += AsciiPrefix(text.substr(i))) {
    const size_t length = SequenceAt(text, i, &whole);
    if (!whole) return i;
    i += length;
  }
  return std::nullopt;
}

bool IsAscii(std::string_view text) { return AsciiPrefix(text) == text.size(); }

size_t IncompleteUtf8Tail(std::string_view text) {
  bool whole = true;
  for (size_t length = 1; length <= std::min<size_t>(3, text.size()); ++length) {
    const size_t at = text.size() - length;
    const bool lead = LeadOf(static_cast<uint8_t>(text[at])).length > 1;
    if (lead) return SequenceAt(text, at, &whole) == length && !whole ? length : 0;
  }
  return 0;
}

size_t LastCodePointStart(std::string_view text) {
  size_t at = text.size() - 1;
  while (at > 0 && (static_cast<uint8_t>(text[at]) & 0xC0) == 0x80) --at;
  return at;
}

size_t CountCodePoints(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<uint8_t>(c) & 0xC0) != 0x80; }));
}

size_t Utf8Length(std::string_view text, size_t at) {
  if (at >= text.size()) return 0;
  bool whole = true;
  const size_t length = SequenceAt(text, at, &whole);
  return whole ? length : 0;
}

std::string RepairUtf8(std::string_view text, std::vector<size_t>* offsets) {
  std::string out;
  out.reserve(text.size());
  if (offsets != nullptr) offsets->clear();
  bool whole = true;
  for (size_t i = 0; i < text.size();) {
    const size_t length = SequenceAt(text, i, &whole);
    for (size_t k = 0; offsets != nullptr && k < length; ++k) offsets->push_back(out.size() + (whole ? k : 0));
    out += whole ? text.substr(i, length) : std::string_view("\xEF\xBF\xBD");
    i += length;
  }
  if (offsets != nullptr) offsets->push_back(out.size());
  return out;
}

char32_t NextCodePoint(std::string_view text, size_t* position) {
  const auto lead = static_cast<uint8_t>(text[*position]);
  const size_t length = LeadOf(lead).length;
  char32_t code_point = length == 1 ? lead : lead & (0xFF >> (length + 1));
  for (size_t i = 1; i < length; ++i) code_point = code_point << 6 | (static_cast<uint8_t>(text[*position + i]) & 0x3F);
  *position += length;
  return code_point;
}

void AppendUtf8(char32_t code_point, std::string* text) {
  const auto put = [&](char32_t byte) { text->push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0 | code_point >> 6);
  } else if (code_point < 0x10000) {
    put(0xE0 | code_point >> 12);
    put(0x80 | (code_point >> 6 & 0x3F));
  } else {
    put(0xF0 | code_point >> 18);
    put(0x80 | (code_point >> 12 & 0x3F));
    put(0x80 | (code_point >> 6 & 0x3F));
  }
  if (code_point >= 0x80) put(0x80 | (code_point & 0x3F));
}

std::string OtherEncoding(std::string_view bytes) {
  using namespace std::string_view_literals;
  if (bytes.starts_with("\xFF\xFE\0\0"sv) || bytes.starts_with("\0\0\xFE\xFF"sv)) return "UTF-32";
  if (bytes.starts_with("\xFF\xFE"sv) || bytes.starts_with("\xFE\xFF"sv)) return "UTF-16";
  // Without a mark: every other byte of Latin letters is NUL.
  const std::string_view head = bytes.substr(0, 32);
  if (head.size() < 4) return "";
  std::array<size_t, 2> nul = {0, 0};  // at even places, at odd ones
  for (size_t i = 0; i < head.size(); ++i) nul[i % 2] += head[i] == '\0' ? 1 : 0;
  const bool one_side = (nul[0] == 0) != (nul[1] == 0);
  return one_side && std::max(nul[0], nul[1]) >= head.size() / 2 ? "UTF-16" : "";
}

std::string NoTextBecause(std::string_view bytes) {
  if (const std::string other = OtherEncoding(bytes); !other.empty()) return "it is " + other + " text; save it as UTF-8";
  const size_t at = bytes.find('\0');
  if (at == std::string_view::npos) return "";
  const auto line = 1 + std::count(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  return "a NUL byte on line " + std::to_string(line) + ", which no text holds; write the file again from its source";
}

bool IsWhiteSpace(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

}  // namespace temper
