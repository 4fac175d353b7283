#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace temper {

// A regular expression over UTF-8 as tokenizer.json spells it (policy/text/regex_translation.h), run by PCRE2. Immutable, safe to share
// between threads. The work of one match is bounded: an expression that backtracks without end is a ConfigError, not a hang.
class UnicodeRegex {
 public:
  using Span = std::pair<size_t, size_t>;  // [begin, end)

  explicit UnicodeRegex(std::string_view pattern);     // ConfigError where the pattern does not compile
  static UnicodeRegex Literal(std::string_view text);  // matches `text` itself
  ~UnicodeRegex();
  UnicodeRegex(UnicodeRegex&&) noexcept;
  UnicodeRegex& operator=(UnicodeRegex&&) noexcept;

  // The non-overlapping matches from left to right. An empty match counts, unless it touches the match before it. `text` must be valid
  // UTF-8.
  std::vector<Span> FindAll(std::string_view text) const;
  // `text` with `content` in place of every match; ConfigError where that is over 1 GiB.
  std::string ReplaceAll(std::string_view text, std::string_view content) const;
  // Length of the match that starts at the text's beginning, 0 where there is none.
  size_t MatchAtStart(std::string_view text) const;

 private:
  struct Code;
  explicit UnicodeRegex(std::unique_ptr<Code> code);
  std::unique_ptr<Code> code_;
};

}  // namespace temper
