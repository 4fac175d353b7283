#include "policy/unicode_regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "cluster/error.h"

namespace temper {
namespace {

// PCRE2's own \s takes U+180E for a space, which Unicode gave up in version 6.3.
constexpr std::string_view kWhiteSpace = R"(\t-\r \x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000})";

std::string WithUnicodeSpaces(std::string_view pattern) {
  std::string out;
  bool in_class = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c != '\\' || i + 1 == pattern.size()) {
      in_class = c == '[' || (in_class && c != ']');
      out += c;
      continue;
    }
    const char escaped = pattern[++i];
    TEMPER_CHECK(!(escaped == 'S' && in_class), "\\S within a character class is not supported: ", pattern);
    if (escaped == 's') {
      out += in_class ? std::string(kWhiteSpace) : Concat("[", kWhiteSpace, "]");
    } else if (escaped == 'S') {
      out += Concat("[^", kWhiteSpace, "]");
    } else {
      out += {c, escaped};
    }
  }
  return out;
}

struct FreeMatchData {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};
using MatchData = std::unique_ptr<pcre2_match_data, FreeMatchData>;

}  // namespace

struct UnicodeRegex::Code {
  pcre2_code* code = nullptr;
  ~Code() { pcre2_code_free(code); }

  // One match at or after `from`; false where there is none.
  bool Match(std::string_view text, size_t from, uint32_t options, pcre2_match_data* data) const {
    const int rc =
        pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), from, options | PCRE2_NO_UTF_CHECK, data, nullptr);
    TEMPER_CHECK(rc >= 0 || rc == PCRE2_ERROR_NOMATCH, "the tokenizer's regular expression failed on a text of ", text.size(),
                 " bytes: PCRE2 error ", rc);
    return rc >= 0;
  }
};

UnicodeRegex::UnicodeRegex(const std::string& pattern) : code_(std::make_unique<Code>()) {
  const std::string rewritten = WithUnicodeSpaces(pattern);
  int error = 0;
  PCRE2_SIZE at = 0;
  code_->code =
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(rewritten.data()), rewritten.size(), PCRE2_UTF | PCRE2_UCP, &error, &at, nullptr);
  TEMPER_CHECK(code_->code != nullptr, "cannot compile the regular expression ", pattern, ": PCRE2 error ", error, " at ", at);
  pcre2_jit_compile(code_->code, PCRE2_JIT_COMPLETE);  // where there is no JIT, matching is slower and the same
}

UnicodeRegex::~UnicodeRegex() = default;
UnicodeRegex::UnicodeRegex(UnicodeRegex&&) noexcept = default;
UnicodeRegex& UnicodeRegex::operator=(UnicodeRegex&&) noexcept = default;

std::vector<std::pair<size_t, size_t>> UnicodeRegex::FindAll(std::string_view text) const {
  std::vector<std::pair<size_t, size_t>> found;
  const MatchData data(pcre2_match_data_create_from_pattern(code_->code, nullptr));
  TEMPER_CHECK(data != nullptr, "out of memory for a regular expression match");
  const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(data.get());
  for (size_t from = 0; from < text.size() && code_->Match(text, from, PCRE2_NOTEMPTY, data.get()); from = bounds[1]) {
    found.emplace_back(bounds[0], bounds[1]);
  }
  return found;
}

size_t UnicodeRegex::MatchAtStart(std::string_view text) const {
  const MatchData data(pcre2_match_data_create_from_pattern(code_->code, nullptr));
  TEMPER_CHECK(data != nullptr, "out of memory for a regular expression match");
  if (!code_->Match(text, 0, PCRE2_ANCHORED, data.get())) return 0;
  return pcre2_get_ovector_pointer(data.get())[1];
}

}  // namespace temper
