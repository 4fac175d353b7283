#include "policy/jinja/text.h"

#include <algorithm>
#include <cstring>

#include "cluster/base/utf8.h"
#include "policy/text/unicode_regex.h"

namespace temper::jinja {
namespace {

std::string_view CharacterAt(std::string_view text, size_t at) { return text.substr(at, Utf8Length(text, at)); }

bool IsSpaceAt(std::string_view text, size_t at) { return IsPythonSpace(NextCodePoint(text, &at)); }

bool IsLineEnd(char32_t c) { return (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029; }

std::vector<std::string_view> SplitAtSpaces(std::string_view text, int64_t limit) {
  std::vector<std::string_view> parts;
  for (text = PythonStrip(text, true, false); !text.empty(); text = PythonStrip(text, true, false)) {
    size_t end = 0;
    while (end < text.size() && !IsSpaceAt(text, end)) end += Utf8Length(text, end);
    if (limit >= 0 && static_cast<int64_t>(parts.size()) == limit) end = text.size();
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  // What is left after the last split keeps the spaces inside it and, as in Python, those at its end.
  return parts;
}

std::vector<std::string_view> SplitAtSpacesFromRight(std::string_view text, int64_t limit) {
  std::vector<std::string_view> parts;
  for (text = PythonStrip(text, false, true); !text.empty(); text = PythonStrip(text, false, true)) {
    size_t begin = text.size();
    while (begin > 0 && !IsSpaceAt(text, LastCodePointStart(text.substr(0, begin)))) begin = LastCodePointStart(text.substr(0, begin));
    if (limit >= 0 && static_cast<int64_t>(parts.size()) == limit) begin = 0;
    parts.push_back(text.substr(begin));
    text = text.substr(0, begin);
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

bool Matches(const UnicodeRegex& regex, std::string_view text) { return regex.MatchAtStart(text) == text.size() && !text.empty(); }

bool Contains(const UnicodeRegex& regex, std::string_view text) { return !regex.FindAll(text).empty(); }

}  // namespace

size_t ByteOffset(std::string_view text, size_t code_point) {
  size_t at = 0;
  while (code_point > 0 && at < text.size()) {
    at += Utf8Length(text, at);
    --code_point;
  }
  return at;
}

size_t FindPart(std::string_view text, std::string_view part, size_t begin) {
  if (begin > text.size()) return std::string_view::npos;
  if (part.empty()) return begin;
  const void* found = memmem(text.data() + begin, text.size() - begin, part.data(), part.size());  // linear, in glibc
  return found == nullptr ? std::string_view::npos : static_cast<size_t>(static_cast<const char*>(found) - text.data());
}

size_t FindLastPart(std::string_view text, std::string_view part) { return text.rfind(part); }

size_t CostOfLastPart(std::string_view text, std::string_view part) {
  constexpr size_t kComparedAtOnce = 32;
  return text.size() + text.size() / kComparedAtOnce * std::min(part.size(), text.size());
}

bool IsPythonSpace(char32_t code_point) { return IsWhiteSpace(code_point) || (code_point >= 0x1C && code_point <= 0x1F); }

bool IsPythonPrintable(char32_t code_point) {
  if (code_point < 0x7F) return code_point >= 0x20;
  static const UnicodeRegex kOther("[\\p{C}\\p{Z}]");
  std::string text;
  AppendUtf8(code_point, &text);
  return kOther.MatchAtStart(text) == 0;
}

std::string_view PythonStrip(std::string_view text, bool left, bool right, std::optional<std::string_view> chars) {
  const auto goes = [&](size_t at) {
    if (!chars.has_value()) return IsSpaceAt(text, at);
    return chars->find(CharacterAt(text, at)) != std::string_view::npos;
  };
  while (left && !text.empty() && goes(0)) text.remove_prefix(Utf8Length(text, 0));
  while (right && !text.empty() && goes(LastCodePointStart(text))) text = text.substr(0, LastCodePointStart(text));
  return text;
}

std::vector<std::string_view> PythonSplit(std::string_view text, std::optional<std::string_view> separator, int64_t limit) {
  if (!separator.has_value()) return SplitAtSpaces(text, limit);
  std::vector<std::string_view> parts;
  size_t begin = 0;
  for (; limit < 0 || static_cast<int64_t>(parts.size()) < limit;) {
    const size_t end = FindPart(text, *separator, begin);
    if (end == std::string_view::npos) break;
    parts.push_back(text.substr(begin, end - begin));
    begin = end + separator->size();
  }
  parts.push_back(text.substr(begin));
  return parts;
}

std::vector<std::string_view> PythonSplitFromRight(std::string_view text, std::optional<std::string_view> separator, int64_t limit) {
  if (!separator.has_value()) return SplitAtSpacesFromRight(text, limit);
  std::vector<std::string_view> parts;
  while (limit < 0 || static_cast<int64_t>(parts.size()) < limit) {
    const size_t at = FindLastPart(text, *separator);
    if (at == std::string_view::npos) break;
    parts.push_back(text.substr(at + separator->size()));
    text = text.substr(0, at);
  }
  parts.push_back(text);
  std::reverse(parts.begin(), parts.end());
  return parts;
}

std::vector<std::string_view> PythonSplitLines(std::string_view text, bool keep_ends) {
  std::vector<std::string_view> lines;
  size_t begin = 0;
  for (size_t at = 0; at < text.size();) {
    size_t end = at;
    const char32_t c = NextCodePoint(text, &at);
    if (!IsLineEnd(c)) continue;
    if (c == '\r' && at < text.size() && text[at] == '\n') ++at;
    lines.push_back(text.substr(begin, (keep_ends ? at : end) - begin));
    begin = at;
  }
  if (begin < text.size()) lines.push_back(text.substr(begin));
  return lines;
}

std::string PythonReplace(std::string_view text, std::string_view from, std::string_view to, int64_t count) {
  std::string out;
  size_t begin = 0;
  if (from.empty()) {  // before every character, and at the end
    for (; begin < text.size() && count != 0; --count) {
      out += to;
      out += CharacterAt(text, begin);
      begin += Utf8Length(text, begin);
    }
    if (count != 0) out += to;
    return out.append(text.substr(begin));
  }
  for (; count != 0; --count) {
    const size_t at = FindPart(text, from, begin);
    if (at == std::string_view::npos) break;
    out.append(text.substr(begin, at - begin)).append(to);
    begin = at + from.size();
  }
  return out.append(text.substr(begin));
}

size_t PythonCount(std::string_view text, std::string_view part) {
  if (part.empty()) return CountCodePoints(text) + 1;
  size_t count = 0;
  for (size_t at = FindPart(text, part); at != std::string_view::npos; at = FindPart(text, part, at + part.size())) ++count;
  return count;
}

std::optional<bool> PythonIs(std::string_view name, std::string_view text) {
  static const UnicodeRegex kAlpha("\\p{L}+");
  static const UnicodeRegex kAlphaNumeric("[\\p{L}\\p{N}]+");
  static const UnicodeRegex kDecimal("\\p{Nd}+");
  // Numeric_Type=Digit beside the decimal ones: superscripts, circled digits and their kin.
  static const UnicodeRegex kDigit(
      "[\\p{Nd}\\x{B2}\\x{B3}\\x{B9}\\x{1369}-\\x{1371}\\x{19DA}\\x{2070}\\x{2074}-\\x{2079}\\x{2080}-\\x{2089}\\x{2460}-\\x{2468}"
      "\\x{2474}-\\x{247C}\\x{2488}-\\x{2490}\\x{24EA}\\x{24F5}-\\x{24FD}\\x{24FF}\\x{2776}-\\x{277E}\\x{2780}-\\x{2788}"
      "\\x{278A}-\\x{2792}\\x{10A40}-\\x{10A43}\\x{10E60}-\\x{10E68}\\x{11052}-\\x{1105A}\\x{1F100}-\\x{1F10A}]+");
  static const UnicodeRegex kUpper("\\p{Uppercase}");
  static const UnicodeRegex kLower("\\p{Lowercase}");
  static const UnicodeRegex kTitle("\\p{Lt}");
  if (name == "isalpha") return Matches(kAlpha, text);
  if (name == "isalnum") return Matches(kAlphaNumeric, text);
  if (name == "isdecimal") return Matches(kDecimal, text);
  if (name == "isdigit") return Matches(kDigit, text);
  if (name == "isspace") return !text.empty() && PythonStrip(text, true, false).empty();
  if (name == "isupper") return Contains(kUpper, text) && !Contains(kLower, text) && !Contains(kTitle, text);
  if (name == "islower") return Contains(kLower, text) && !Contains(kUpper, text) && !Contains(kTitle, text);
  if (name == "isascii") return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  return std::nullopt;
}

}  // namespace temper::jinja
