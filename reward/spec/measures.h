#pragma once

#include <concepts>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "reward/spec/regex.h"

namespace temper {

// A text with its words in lower case, read once for all measures of it. The text is borrowed.
class MeasuredText {
 public:
  template <std::convertible_to<std::string_view> Text>
  MeasuredText(const Text& text) : MeasuredText(Read{}, text) {}  // NOLINT(google-explicit-constructor): a text is one
  MeasuredText(const MeasuredText&) = delete;
  MeasuredText& operator=(const MeasuredText&) = delete;

  std::string_view text() const { return text_; }
  // Runs of letters and digits, as ReadTextWords has them.
  const std::vector<std::string_view>& words() const { return words_; }

 private:
  struct Read {};
  MeasuredText(Read, std::string_view text);

  std::string_view text_;
  std::string lower_;
  std::vector<std::string_view> words_;  // in lower_
};

struct WordListHash {
  using is_transparent = void;
  size_t operator()(std::string_view word) const { return std::hash<std::string_view>()(word); }
};
using WordList = std::unordered_set<std::string, WordListHash, std::equal_to<>>;

// The numbers of texts that propositions compare with a range (PropositionRule::measure). A content word has four letters or more and is
// none of `ignored`; of content words the first five letters are compared.

// Share of the request's content words that occur in the response; 0 when the request has none.
double RequestOverlap(const MeasuredText& request, const MeasuredText& response, const WordList& ignored);
// Share of the response's content words that stand in the request already; 0 when the response has none.
double EchoShare(const MeasuredText& request, const MeasuredText& response, const WordList& ignored);
// Share of the words of the text that are in `listed`; 0 for a text without words.
double ListedShare(const WordList& listed, const MeasuredText& text);
// Share of the word triples of the text that occurred before in it; 0 for fewer than four words.
double RepeatedShare(const MeasuredText& text);
// Share of ASCII letters among the bytes that are not white space; 0 for an empty text.
double LetterShare(std::string_view text);
// Matches of the patterns for each word of the text; 0 for a text without words.
double MatchShare(const std::vector<Regex>& patterns, const MeasuredText& text);
// Share of the sentences of the text in which a pattern matches; 0 for a text without any. A
// sentence has three words or more, up to a full stop, question or exclamation mark or line break.
double SentenceShare(const std::vector<Regex>& patterns, std::string_view text);

}  // namespace temper
