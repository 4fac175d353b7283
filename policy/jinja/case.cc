// Upper, lower and title case of the whole of Unicode, as Python's str has them: ICU's full mappings without a language. ICU 72 follows
// Unicode 15, Python 3.11 Unicode 14: every mapping is the same, but 15 counts some 70 more letters (modifier letters, such as U+10FC) as
// cased, so that title case goes on in lower case after them.
#include <utility>

#include <unicode/bytestream.h>
#include <unicode/casemap.h>
#include <unicode/uchar.h>

#include "cluster/base/error.h"
#include "cluster/base/utf8.h"
#include "policy/jinja/text.h"

namespace temper::jinja {
namespace {

icu::StringPiece PieceOf(std::string_view text) { return {text.data(), static_cast<int32_t>(text.size())}; }

// What convert(text, sink, error) writes.
template <typename Convert>
std::string Mapped(std::string_view text, const Convert& convert) {
  std::string out;
  icu::StringByteSink<std::string> sink(&out, static_cast<int32_t>(text.size()));
  UErrorCode error = U_ZERO_ERROR;
  convert(PieceOf(text), sink, error);
  TEMPER_CHECK(U_SUCCESS(error), "ICU cannot change the case of a text of ", text.size(), " bytes: ", u_errorName(error));
  return out;
}

// The title case of one character.
std::string Title(std::string_view character) {
  constexpr uint32_t kJustThisOne = U_TITLECASE_WHOLE_STRING | U_TITLECASE_NO_BREAK_ADJUSTMENT | U_TITLECASE_NO_LOWERCASE;
  return Mapped(character, [](const icu::StringPiece& from, icu::ByteSink& sink, UErrorCode& error) {
    icu::CaseMap::utf8ToTitle("", kJustThisOne, nullptr, from, sink, nullptr, error);
  });
}

bool IsCased(std::string_view character) {
  size_t at = 0;
  return u_hasBinaryProperty(static_cast<UChar32>(NextCodePoint(character, &at)), UCHAR_CASED) != 0;
}

// Each character in title case where `begins(character)` holds, else in the lower case that it has where it stands: that of a capital sigma
// depends on its neighbours.
template <typename Begins>
std::string InTitleCaseWhere(std::string_view text, const Begins& begins) {
  const std::string lower = PythonLower(text);
  std::string out;
  for (size_t at = 0, lower_at = 0; at < text.size();) {
    const std::string_view character = text.substr(at, Utf8Length(text, at));
    const size_t lower_bytes = PythonLower(character).size();
    out += begins(character) ? Title(character) : lower.substr(lower_at, lower_bytes);
    at += character.size();
    lower_at += lower_bytes;
  }
  return out;
}

}  // namespace

std::string PythonUpper(std::string_view text) {
  return Mapped(text, [](const icu::StringPiece& from, icu::ByteSink& sink, UErrorCode& error) {
    icu::CaseMap::utf8ToUpper("", 0, from, sink, nullptr, error);
  });
}

std::string PythonLower(std::string_view text) {
  return Mapped(text, [](const icu::StringPiece& from, icu::ByteSink& sink, UErrorCode& error) {
    icu::CaseMap::utf8ToLower("", 0, from, sink, nullptr, error);
  });
}

std::string PythonCapitalize(std::string_view text) {
  bool first = true;
  return InTitleCaseWhere(text, [&](std::string_view) { return std::exchange(first, false); });
}

std::string PythonTitle(std::string_view text) {
  bool in_word = false;
  return InTitleCaseWhere(text, [&](std::string_view character) { return !std::exchange(in_word, IsCased(character)); });
}

}  // namespace temper::jinja
