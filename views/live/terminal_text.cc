#include "views/live/terminal_text.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include <unicode/uchar.h>
#include <unistd.h>

#include "cluster/base/utf8.h"

namespace temper {
namespace {

// One character of UTF-8 at `at`: its code point and length; length 0 = none is there.
struct Character {
  char32_t code = 0;
  size_t length = 0;
};

Character Next(std::string_view text, size_t at) {
  const size_t length = Utf8Length(text, at);
  return length == 0 ? Character{} : Character{NextCodePoint(text, &at), length};
}

// What changes a terminal's or a reader's mind without being seen: C1 controls, line and paragraph separators, marks of direction and what
// else takes no room (the tags among it). The variation selectors that emoji come with only choose a shape.
bool IsHidden(char32_t code) {
  const auto c = static_cast<UChar32>(code);
  const auto type = u_charType(c);
  if (type == U_CONTROL_CHAR || type == U_LINE_SEPARATOR || type == U_PARAGRAPH_SEPARATOR) return true;
  const bool selector = code >= 0xFE00 && code <= 0xFE0F, interlinear = code >= 0xFFF9 && code <= 0xFFFB;
  return interlinear || (!selector && u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) != 0);
}

size_t ColumnsOf(char32_t code) {
  const auto c = static_cast<UChar32>(code);
  if (code < 0x300) return 1;
  if (u_charType(c) == U_NON_SPACING_MARK || u_charType(c) == U_ENCLOSING_MARK) return 0;
  const int width = u_getIntPropertyValue(c, UCHAR_EAST_ASIAN_WIDTH);
  return width == U_EA_WIDE || width == U_EA_FULLWIDTH ? 2 : 1;
}

std::string Escaped(const char* format, unsigned value) {
  char text[24];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

}  // namespace

std::string SafeText(std::string_view text, bool lines) {
  std::string safe;
  for (size_t at = 0; at < text.size();) {
    const Character c = Next(text, at);
    const size_t length = std::max<size_t>(1, c.length);
    if (c.length == 0) {
      safe += Escaped("\\x%02X", static_cast<unsigned char>(text[at]));
    } else if (c.code == '\n' || c.code == '\t') {
      safe += lines ? std::string(1, static_cast<char>(c.code)) : c.code == '\n' ? "\\n" : "\\t";
    } else if (c.code < 0x20 || c.code == 0x7F) {
      safe += Escaped("\\x%02X", c.code);
    } else if (IsHidden(c.code)) {
      safe += Escaped("\\u{%X}", c.code);
    } else {
      safe += text.substr(at, c.length);
    }
    at += length;
  }
  return safe;
}

size_t Columns(std::string_view text) {
  size_t columns = 0;
  for (size_t at = 0; at < text.size();) {
    const Character c = Next(text, at);
    columns += c.length == 0 ? 1 : ColumnsOf(c.code);
    at += std::max<size_t>(1, c.length);
  }
  return columns;
}

std::string Fit(std::string_view text, size_t width, bool fill) {
  size_t columns = 0;
  size_t at = 0;
  while (at < text.size()) {
    const Character c = Next(text, at);
    const size_t wide = c.length == 0 ? 1 : ColumnsOf(c.code);
    if (columns + wide > width) break;
    columns += wide;
    at += std::max<size_t>(1, c.length);
  }
  std::string fitted(text.substr(0, at));
  if (fill) fitted.append(width - columns, ' ');
  return fitted;
}

std::string FitWords(std::string_view text, size_t width, bool unicode) {
  if (Columns(text) <= width) return std::string(text);
  const std::string_view more = unicode ? "\xE2\x80\xA6" : "...";
  const size_t room = width - std::min(width, unicode ? size_t{1} : size_t{3});
  std::string fitted = Fit(text, room, false);
  const size_t space = fitted.rfind(' ');
  if (text[fitted.size()] != ' ' && space != std::string::npos) fitted.resize(space);
  fitted.resize(fitted.find_last_not_of(" ,;:") + 1);
  return Fit(fitted + std::string(more), width, false);
}

std::string Sparkline(const std::vector<double>& values, size_t width, bool unicode) {
  static const char* const kBlocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  static const char* const kAscii[] = {"_", ".", "-", "~", "=", "+", "*", "#"};
  const size_t count = std::min(width, values.size());
  std::vector<double> means;
  for (size_t i = 0; i < count; ++i) {
    double sum = 0;
    double n = 0;
    for (size_t k = i * values.size() / count; k < (i + 1) * values.size() / count; ++k) {
      if (!std::isfinite(values[k])) continue;
      sum += values[k];
      ++n;
    }
    means.push_back(n > 0 ? sum / n : std::nan(""));
  }
  double low = INFINITY, high = -INFINITY;
  for (const double mean : means) {
    if (!std::isfinite(mean)) continue;
    low = std::min(low, mean);
    high = std::max(high, mean);
  }
  std::string line;
  for (const double mean : means) {
    const double place = high > low ? (mean - low) / (high - low) * 7 : 0;
    line += std::isfinite(mean) ? (unicode ? kBlocks : kAscii)[static_cast<size_t>(std::lround(place))] : " ";
  }
  return line;
}

bool TerminalIsUtf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    std::string text = value;
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text.find("utf-8") != std::string::npos || text.find("utf8") != std::string::npos;
  }
  return false;
}

bool WantsColor() {
  const char* term = std::getenv("TERM");
  const char* none = std::getenv("NO_COLOR");
  return isatty(STDOUT_FILENO) == 1 && (none == nullptr || *none == '\0') && (term == nullptr || std::string_view(term) != "dumb");
}

}  // namespace temper
