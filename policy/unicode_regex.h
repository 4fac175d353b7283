#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace temper {

// A regular expression over UTF-8 with Unicode properties, as tokenizers use them (PCRE2 10.42, Unicode 14). \s and \S mean the
// White_Space property. Immutable, safe to share between threads.
class UnicodeRegex {
 public:
  explicit UnicodeRegex(const std::string& pattern);  // Error where the pattern does not compile
  ~UnicodeRegex();
  UnicodeRegex(UnicodeRegex&&) noexcept;
  UnicodeRegex& operator=(UnicodeRegex&&) noexcept;

  // [begin, end) of the non-overlapping matches from left to right; empty matches are left out. `text` must be valid UTF-8.
  std::vector<std::pair<size_t, size_t>> FindAll(std::string_view text) const;
  // Length of the match that starts at the text's beginning, 0 where there is none.
  size_t MatchAtStart(std::string_view text) const;

 private:
  struct Code;
  std::unique_ptr<Code> code_;
};

}  // namespace temper
