#include "views/live/terminal_text.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

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

struct Range {
  uint32_t first, last;
};

template <size_t N>
bool In(uint32_t code, const Range (&ranges)[N]) {
  return std::any_of(std::begin(ranges), std::end(ranges), [&](const Range& r) { return code >= r.first && code <= r.last; });
}

// What changes a terminal's or a reader's mind without being seen: C1 controls, marks of direction, zero-width and separators,
// interlinear marks, tags.
constexpr Range kHidden[] = {{0x7F, 0x9F},     {0xAD, 0xAD},     {0x61C, 0x61C},   {0x180E, 0x180E}, {0x200B, 0x200F},
                             {0x2028, 0x202E}, {0x2060, 0x206F}, {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xE0000, 0xE0FFF}};
constexpr Range kNarrowless[] = {{0x300, 0x36F},   {0x483, 0x489},   {0x591, 0x5BD},   {0x610, 0x61A},   {0x64B, 0x65F},
                                 {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}};
constexpr Range kWide[] = {{0x1100, 0x115F}, {0x2E80, 0x303E},   {0x3041, 0x33FF},   {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},
                           {0xA000, 0xA4CF}, {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},
                           {0xFFE0, 0xFFE6}, {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};

size_t ColumnsOf(uint32_t code) { return In(code, kNarrowless) ? 0 : In(code, kWide) ? 2 : 1; }

std::string Hex(const char* format, unsigned value) {
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
      safe += Hex("\\x%02X", static_cast<unsigned char>(text[at]));
    } else if (c.code == '\n' || c.code == '\t') {
      safe += lines ? std::string(1, static_cast<char>(c.code)) : c.code == '\n' ? "\\n" : "\\t";
    } else if (c.code < 0x20 || c.code == 0x7F) {
      safe += Hex("\\x%02X", c.code);
    } else if (In(c.code, kHidden)) {
      safe += Hex("\\u{%X}", c.code);
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
