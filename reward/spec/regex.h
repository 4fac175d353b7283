#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "reward/spec/pattern_scanner.h"

namespace temper {

// A search gave up: the text is too hard for the pattern within its bound.
class RegexLimitError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A compiled PCRE2 pattern over UTF-8 (bytes that are not UTF-8 never match, and are no error). Each search is bounded in steps, depth
// and heap, independent of the machine: the same text always gives the same result. Matching throws RegexLimitError at the bound.
// Not thread-safe.
class Regex {
 public:
  // Throws ConfigError: what is wrong and at which character of the pattern.
  Regex(const std::string& pattern, bool case_sensitive, int64_t match_limit);
  ~Regex();
  Regex(Regex&& other) noexcept;
  Regex& operator=(Regex&&) = delete;
  Regex(const Regex&) = delete;

  // Lets searches pass over where no match can begin (PatternScanner), if the pattern can be read for that. The matches are the same; a
  // search gives up only where one could begin.
  void ScanFirst();
  // Of a pattern that is scanned first; nullptr of another one.
  const PatternTree* tree() const { return tree_ ? &*tree_ : nullptr; }

  // Calls `found` with the byte range of every non-overlapping match, in order, until it returns false.
  void ForEachMatch(std::string_view text, const std::function<bool(size_t begin, size_t end)>& found) const;

  // Named groups of the first match; false when there is none. Groups that took no part are absent.
  bool MatchGroups(std::string_view text, std::map<std::string, std::string>* groups) const;

  // Names of the pattern's groups.
  std::map<std::string, int> group_numbers() const;

 private:
  int Search(std::string_view text, size_t start) const;
  std::string pattern_;
  bool case_sensitive_;
  std::optional<PatternTree> tree_;
  mutable std::unique_ptr<PatternScanner> scanner_;  // made when it is first needed
  void* code_ = nullptr;                             // pcre2_code
  void* data_ = nullptr;                             // pcre2_match_data
  void* context_ = nullptr;                          // pcre2_match_context
};

// A pattern that matches `phrase` as whole words: any white space between words, straight or curly apostrophes.
std::string PhrasePattern(const std::string& phrase);

}  // namespace temper
