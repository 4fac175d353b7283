#include "cluster/base/printable.h"

#include <cstdio>

#include "cluster/base/utf8.h"

namespace temper {
namespace {

// Beyond the controls of ASCII: DEL and C1, marks of direction, separators of lines and paragraphs.
bool Steers(char32_t code) {
  return (code >= 0x7F && code < 0xA0) || code == 0x61C || code == 0x200E || code == 0x200F || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069);
}

}  // namespace

std::string PrintableText(std::string_view text) {
  const auto escaped = [](const char* format, unsigned value) {
    char shown[16];
    std::snprintf(shown, sizeof(shown), format, value);
    return std::string(shown);
  };
  std::string safe;
  for (size_t at = 0; at < text.size();) {
    const size_t length = Utf8Length(text, at);
    if (length == 0) {
      safe += escaped("\\x%02x", static_cast<unsigned char>(text[at++]));
      continue;
    }
    const size_t begin = at;
    const char32_t code = NextCodePoint(text, &at);
    if (code == '\n' || code == '\t' || (code >= 0x20 && !Steers(code)))
      safe += text.substr(begin, length);
    else
      safe += escaped(code < 0x80 ? "\\x%02x" : "\\u{%x}", code);
  }
  return safe;
}

}  // namespace temper
