#include "rewrites/text/disguises.h"

#include <array>
#include <cctype>

#include "cluster/base/utf8.h"

namespace temper {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

// Each byte of ASCII as `map` says, all else as it is.
template <typename Map>
std::string Mapped(std::string_view text, Map map) {
  std::string out;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x80) {
      map(c, &out);
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string Base64(std::string_view text) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < text.size(); i += 3) {
    unsigned bits = 0;
    for (size_t k = 0; k < 3; ++k) bits = bits << 8 | (i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0U);
    for (size_t k = 0; k < 4; ++k) out += i + k <= text.size() ? kDigits[bits >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

std::string Hexadecimal(std::string_view text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    if (!out.empty()) out += ' ';
    out += kDigits[static_cast<unsigned char>(c) >> 4];
    out += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

std::string Rot13(std::string_view text) {
  return Mapped(text, [](char c, std::string* out) {
    const char first = std::islower(static_cast<unsigned char>(c)) ? 'a' : 'A';
    *out += std::isalpha(static_cast<unsigned char>(c)) ? static_cast<char>(first + (c - first + 13) % 26) : c;
  });
}

std::string LeetSpeak(std::string_view text) {
  return Mapped(text, [](char c, std::string* out) {
    static constexpr std::string_view kPlain = "aeiostAEIOST", kLeet = "431057431057";
    const size_t at = kPlain.find(c);
    *out += at == std::string_view::npos ? c : kLeet[at];
  });
}

std::string Homoglyphs(std::string_view text) {
  return Mapped(text, [](char c, std::string* out) {
    static constexpr std::string_view kLatin = "aceopxy";
    static constexpr std::array<char32_t, 7> kCyrillic = {0x430, 0x441, 0x435, 0x43E, 0x440, 0x445, 0x443};
    const size_t at = kLatin.find(c);
    AppendUtf8(at == std::string_view::npos ? static_cast<char32_t>(c) : kCyrillic[at], out);
  });
}

std::string FullWidth(std::string_view text) {
  return Mapped(text, [](char c, std::string* out) {
    AppendUtf8(c > ' ' && c < 0x7F ? static_cast<char32_t>(c) + 0xFEE0 : static_cast<char32_t>(c), out);
  });
}

std::string Reversed(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t start = LastCodePointStart(text);
    out += text.substr(start);
    text = text.substr(0, start);
  }
  return out;
}

std::string UpperCase(std::string_view text) {
  return Mapped(text, [](char c, std::string* out) { *out += static_cast<char>(std::toupper(static_cast<unsigned char>(c))); });
}

std::string AlternatingCase(std::string_view text) {
  bool upper = false;
  return Mapped(text, [&upper](char c, std::string* out) {
    if (!std::isalpha(static_cast<unsigned char>(c))) {
      *out += c;
      return;
    }
    upper = !upper;
    const auto byte = static_cast<unsigned char>(c);
    *out += static_cast<char>(upper ? std::toupper(byte) : std::tolower(byte));
  });
}

std::string Spelled(std::string_view text, std::string_view separator) {
  std::string out;
  bool in_word = false;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    NextCodePoint(text, &at);
    const bool space = IsSpace(text[begin]);
    if (in_word && !space) out += separator;
    if (space) out += separator == " " ? "  " : "";  // words stay apart
    out += text.substr(begin, at - begin);
    in_word = !space;
  }
  return out;
}

std::string JoinedBy(std::string_view text, std::string_view separator) {
  std::string out;
  bool gap = false;
  for (const char c : text) {
    if (IsSpace(c)) {
      gap = true;
      continue;
    }
    if (gap && !out.empty()) out += separator;
    gap = false;
    out += c;
  }
  return out;
}

}  // namespace temper
