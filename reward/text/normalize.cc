#include "reward/text/normalize.h"

#include <utility>

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>

#include "cluster/base/error.h"
#include "cluster/base/utf8.h"

namespace temper {
namespace {

constexpr size_t kMinSpacedLetters = 3;
constexpr std::string_view kSeparators = " .-_*";

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsAsciiWordByte(char c) { return IsLetter(c) || (c >= '0' && c <= '9') || (static_cast<unsigned char>(c) & 0x80) != 0; }

std::string Casefold(const std::string& text) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* normalizer = icu::Normalizer2::getNFKCCasefoldInstance(status);
  std::string out;
  icu::StringByteSink<std::string> sink(&out, static_cast<int32_t>(text.size()));
  if (U_SUCCESS(status)) normalizer->normalizeUTF8(0, text, sink, nullptr, status);
  TEMPER_CHECK(U_SUCCESS(status), "ICU cannot fold a text of ", text.size(), " bytes: ", u_errorName(status));
  return out;
}

// The ASCII character that a quote or dash of typography stands for; 0 = it is none.
char PlainPunctuation(char32_t code_point) {
  if (code_point >= 0x2018 && code_point <= 0x201B) return '\'';
  if (code_point >= 0x201C && code_point <= 0x201F) return '"';
  if (code_point >= 0x2010 && code_point <= 0x2015) return '-';
  return 0;
}

char LowerAscii(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool IsHigh(char c) { return (static_cast<unsigned char>(c) & 0x80) != 0; }

// Folds a part that no part around it changes, and appends it.
void AppendFolded(const std::string& part, std::string* out) {
  const std::string folded = Casefold(part);
  for (size_t at = 0; at < folded.size();) {
    const size_t begin = at;
    const char plain = PlainPunctuation(NextCodePoint(folded, &at));
    if (plain != 0) *out += plain;
    if (plain == 0) out->append(folded, begin, at - begin);
  }
}

// Unicode's folding sees ASCII one character at a time, but for one that a mark follows: ICU is asked about what is beyond ASCII with the
// character before it, and not about a quote or dash between ASCII.
std::string Fold(std::string_view text) {
  if (IsAscii(text)) {
    std::string out(text);
    for (char& c : out) c = LowerAscii(c);
    return out;
  }
  const std::string whole = RepairUtf8(text);
  std::string out;
  out.reserve(whole.size());
  for (size_t at = 0; at < whole.size();) {
    size_t high = at;
    while (high < whole.size() && !IsHigh(whole[high])) out += LowerAscii(whole[high++]);
    at = high;
    while (at < whole.size() && IsHigh(whole[at])) ++at;
    if (high == at) break;
    size_t behind_one = high;
    const char plain = PlainPunctuation(NextCodePoint(whole, &behind_one));
    if (plain != 0 && behind_one == at) {
      out += plain;
      continue;
    }
    const size_t begin = high - (out.empty() ? 0 : 1);
    if (!out.empty()) out.pop_back();
    AppendFolded(whole.substr(begin, at - begin), &out);
  }
  return out;
}

bool IsAsciiSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r') || (c >= '\x1C' && c <= '\x1F'); }

std::string EvenSpaces(std::string_view text) {
  std::string out = " ";
  out.reserve(text.size() + 2);
  const auto end_word = [&out] {
    if (out.back() != ' ') out += ' ';
  };
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    while (at < text.size() && !IsHigh(text[at]) && !IsAsciiSpace(text[at])) ++at;
    out.append(text, begin, at - begin);
    if (at == text.size()) break;
    const size_t next = at;
    const bool space = IsHigh(text[at]) ? IsWhiteSpace(NextCodePoint(text, &at)) : (++at, true);
    if (space)
      end_word();
    else
      out.append(text, next, at - next);
  }
  end_word();
  return out;
}

// The end of the run of letters that stand alone from `at` on, each parted from the next by the same separator; `at` where there is none.
size_t EndOfSpacedLetters(const std::string& text, size_t at) {
  if (at + 4 >= text.size() || kSeparators.find(text[at + 1]) == std::string_view::npos) return at;
  const char separator = text[at + 1];
  size_t letters = 0, next = at;
  while (next < text.size() && IsLetter(text[next]) && (next + 1 == text.size() || !IsAsciiWordByte(text[next + 1]))) {
    ++letters;
    if (next + 1 == text.size() || text[next + 1] != separator) return letters >= kMinSpacedLetters ? next + 1 : at;
    next += 2;
  }
  // Behind the last separator something else stands.
  return letters >= kMinSpacedLetters ? next - 1 : at;
}

// Whether two letters stand alone anywhere, one separator between them and the same behind them.
bool MayHaveSpacedLetters(const std::string& text) {
  for (size_t at = 1; at + 2 < text.size(); ++at)
    if (text[at] == text[at + 2] && kSeparators.find(text[at]) != std::string_view::npos && IsLetter(text[at + 1]) &&
        IsLetter(text[at - 1]) && (at == 1 || !IsAsciiWordByte(text[at - 2])))
      return true;
  return false;
}

std::string JoinSpacedLetters(std::string text) {
  if (!MayHaveSpacedLetters(text)) return text;
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const bool starts = IsLetter(text[at]) && (at == 0 || !IsAsciiWordByte(text[at - 1]));
    const size_t end = starts ? EndOfSpacedLetters(text, at) : at;
    if (end == at) {
      out += text[at++];
      continue;
    }
    for (; at < end; at += 2) out += text[at];
    at = end;
  }
  return out;
}

}  // namespace

std::string NormalizeText(std::string_view text, const Normalization& how) {
  std::string even = EvenSpaces(how.fold ? Fold(text) : RepairUtf8(text));
  return how.join_spaced ? JoinSpacedLetters(std::move(even)) : even;
}

}  // namespace temper
