// Upper, lower and title case of the whole of Unicode, as Python's str has them.
#include <algorithm>

#include "cluster/base/utf8.h"
#include "policy/jinja/text.h"
#include "policy/text/unicode_regex.h"

namespace temper::jinja {
namespace {

// Every stride-th character from first to last maps to itself plus delta.
struct CaseRange {
  uint32_t first;
  uint32_t last;
  uint32_t stride;
  int32_t delta;
};

// A character that maps to several, or (for title case) to another than its upper case.
struct CaseText {
  uint32_t character;
  const char* text;
};

#include "policy/jinja/case_table.inc"

template <size_t N>
char32_t Mapped(const CaseRange (&table)[N], char32_t c) {
  const auto* range = std::lower_bound(table, table + N, c, [](const CaseRange& r, char32_t value) { return r.last < value; });
  if (range == table + N || c < range->first || (c - range->first) % range->stride != 0) return c;
  return static_cast<char32_t>(static_cast<int64_t>(c) + range->delta);
}

// Appends the text of a special character; false where it is none.
template <size_t N>
bool AppendSpecial(const CaseText (&table)[N], char32_t c, std::string* out) {
  const auto* entry = std::lower_bound(table, table + N, c, [](const CaseText& t, char32_t value) { return t.character < value; });
  if (entry == table + N || entry->character != c) return false;
  *out += entry->text;
  return true;
}

void AppendUpper(char32_t c, std::string* out) {
  if (c < 0x80) {
    out->push_back(static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c));
  } else if (!AppendSpecial(kUpperText, c, out)) {
    AppendUtf8(Mapped(kUpper, c), out);
  }
}

void AppendTitle(char32_t c, std::string* out) {
  if (!AppendSpecial(kTitleText, c, out)) AppendUpper(c, out);
}

bool Has(const UnicodeRegex& property, char32_t c) {
  std::string text;
  AppendUtf8(c, &text);
  return property.MatchAtStart(text) > 0;
}

bool IsCased(char32_t c) {
  static const UnicodeRegex kCased("\\p{Cased}");
  return Has(kCased, c);
}

// Whether the capital sigma at `i` ends a word: a cased character before it, none after, characters without case in between not counted.
bool IsFinalSigma(std::u32string_view text, size_t i) {
  static const UnicodeRegex kIgnorable("\\p{Case_Ignorable}");
  size_t before = i;
  while (before > 0 && Has(kIgnorable, text[before - 1])) --before;
  if (before == 0 || !IsCased(text[before - 1])) return false;
  size_t after = i + 1;
  while (after < text.size() && Has(kIgnorable, text[after])) ++after;
  return after == text.size() || !IsCased(text[after]);
}

void AppendLower(std::u32string_view text, size_t i, std::string* out) {
  const char32_t c = text[i];
  if (c < 0x80) {
    out->push_back(static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c));
  } else if (c == 0x3A3) {
    AppendUtf8(IsFinalSigma(text, i) ? 0x3C2 : 0x3C3, out);
  } else if (!AppendSpecial(kLowerText, c, out)) {
    AppendUtf8(Mapped(kLower, c), out);
  }
}

std::u32string CodePointsOf(std::string_view text) {
  std::u32string out;
  for (size_t at = 0; at < text.size();) out += NextCodePoint(text, &at);
  return out;
}

}  // namespace

std::string PythonUpper(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) AppendUpper(NextCodePoint(text, &at), &out);
  return out;
}

std::string PythonLower(std::string_view text) {
  std::string out;
  const std::u32string characters = CodePointsOf(text);
  for (size_t i = 0; i < characters.size(); ++i) AppendLower(characters, i, &out);
  return out;
}

std::string PythonCapitalize(std::string_view text) {
  std::string out;
  const std::u32string characters = CodePointsOf(text);
  for (size_t i = 0; i < characters.size(); ++i) {
    if (i == 0) {
      AppendTitle(characters[i], &out);
    } else {
      AppendLower(characters, i, &out);
    }
  }
  return out;
}

std::string PythonTitle(std::string_view text) {
  std::string out;
  const std::u32string characters = CodePointsOf(text);
  bool in_word = false;
  for (size_t i = 0; i < characters.size(); ++i) {
    if (in_word) {
      AppendLower(characters, i, &out);
    } else {
      AppendTitle(characters[i], &out);
    }
    in_word = IsCased(characters[i]);
  }
  return out;
}

}  // namespace temper::jinja
