#pragma once

#include <set>
#include <string_view>
#include <vector>

#include "reward/spec/regex.h"

namespace temper {

// The numbers of texts that propositions compare with a range (PropositionRule::measure). A content word has four letters or more and is
// none of `ignored`; of content words the first five letters are compared.

// Share of the request's content words that occur in the response; 0 when the request has none.
double RequestOverlap(std::string_view request, std::string_view response, const std::set<std::string>& ignored);
// Share of the response's content words that stand in the request already; 0 when the response has none.
double EchoShare(std::string_view request, std::string_view response, const std::set<std::string>& ignored);
// Share of the words of the text that are in `listed`; 0 for a text without words.
double ListedShare(const std::set<std::string>& listed, std::string_view text);
// Share of the word triples of the text that occurred before in it; 0 for fewer than four words.
double RepeatedShare(std::string_view text);
// Share of ASCII letters among the bytes that are not white space; 0 for an empty text.
double LetterShare(std::string_view text);
// Matches of the patterns for each word of the text; 0 for a text without words.
double MatchShare(const std::vector<Regex>& patterns, std::string_view text);
// Share of the sentences of the text (three words or more, up to a full stop, question or exclamation mark or line break) in which a
// pattern matches; 0 for a text without any.
double SentenceShare(const std::vector<Regex>& patterns, std::string_view text);

}  // namespace temper
