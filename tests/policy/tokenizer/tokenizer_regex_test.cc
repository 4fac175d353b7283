// Regular expressions as tokenizer.json spells them. The expected splits are the `tokenizers` library's (Split, "isolated").
#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "policy/text/regex_translation.h"
#include "policy/text/unicode_regex.h"
#include "policy/tokenizer/split_behavior.h"

namespace temper {
namespace {

using testing::ElementsAre;

std::vector<std::string> Split(const char* pattern, const std::string& text) {
  std::vector<std::string> parts;
  for (const auto& [begin, end] : SplitAt(UnicodeRegex(pattern).FindAll(text), text.size(), SplitBehavior::kIsolated, false)) {
    parts.push_back(text.substr(begin, end - begin));
  }
  return parts;
}

TEST(UnicodeRegexTest, ReadsQuantifiersAsTheLibraryDoes) {
  EXPECT_THAT(Split(R"(\p{N}{1,3})", "1234567 12"), ElementsAre("123", "456", "7", " ", "12"));
  EXPECT_THAT(Split(R"(\p{N}{1,3}+)", "1234567 12"), ElementsAre("1234567", " ", "12"));  // not possessive behind an interval
  EXPECT_THAT(Split("a{2}?", "aaaa"), ElementsAre("aa", "aa"));
  EXPECT_THAT(Split("a{,2}", "aaaa"), ElementsAre("aa", "aa"));
  EXPECT_THAT(Split("a{x", "a{x"), ElementsAre("a{x"));
  EXPECT_THAT(Split("a**", "aab"), ElementsAre("aa", "b"));
  EXPECT_THAT(Split(R"(\s++$|x)", "a  \nb  \n\n  "), ElementsAre("a  \nb", "  \n\n  "));
}

TEST(UnicodeRegexTest, FindsEmptyMatchesBetweenOthers) {
  EXPECT_THAT(Split("x*", "axxb"), ElementsAre("a", "xx", "b"));
  EXPECT_THAT(Split("", "ab"), ElementsAre("a", "b"));
  EXPECT_THAT(Split("^", "a\nb\n"), ElementsAre("a\n", "b\n"));
  EXPECT_THAT(Split("$", "a\nb\n"), ElementsAre("a", "\nb", "\n"));
}

TEST(UnicodeRegexTest, ReadsGroupsAndOptionsAsTheLibraryDoes) {
  EXPECT_THAT(Split("ab(?i)c|def", "abC DEF def"), ElementsAre("abC", " DEF def"));
  EXPECT_THAT(Split("(?m:a.b)", "a\nb"), ElementsAre("a\nb"));
  EXPECT_THAT(Split("(?i:'s)", "it'\xC5\xBF it'S"), ElementsAre("it", "'\xC5\xBF", " it", "'S"));
  EXPECT_THAT(Split(R"(\bab)",
                    "ab cab \xC2\xB2"
                    "ab"),
              ElementsAre("ab",
                          " cab \xC2\xB2"
                          "ab"));
}

TEST(UnicodeRegexTest, ReadsCharacterClassesAsTheLibraryDoes) {
  EXPECT_THAT(Split("[a-z&&[^aeiou]]+", "hello world"), ElementsAre("h", "e", "ll", "o ", "w", "o", "rld"));
  EXPECT_THAT(Split("[^a-z&&[aeiou]]+", "hello World"), ElementsAre("h", "e", "ll", "o", " W", "o", "rld"));
  EXPECT_THAT(Split(R"( ?[^(\s|[.,!?])]+)", "hi (there). a|b, c"), ElementsAre("hi", " (", "there", ").", " a", "|", "b", ",", " c"));
  EXPECT_THAT(Split(R"([\p{Lu}\p{Lt}&&[^\p{Han}]]+)",
                    "AB\xE6\xB1\x89"
                    "C"),
              ElementsAre("AB", "\xE6\xB1\x89", "C"));
  EXPECT_THAT(Split("[]a]", "a]b"), ElementsAre("a", "]", "b"));
  EXPECT_THAT(Split(R"(\p{^L}+)", "ab12"), ElementsAre("ab", "12"));
  EXPECT_THAT(Split(R"(\p{Letter}+)", "ab12"), ElementsAre("ab", "12"));
  EXPECT_THAT(Split("[[:^alpha:]]+", "ab12"), ElementsAre("ab", "12"));
  EXPECT_THAT(Split(R"(\u00e9)", "a\xC3\xA9"), ElementsAre("a", "\xC3\xA9"));
}

TEST(UnicodeRegexTest, KnowsLettersYoungerThanItsEngine) {
  EXPECT_EQ(UnicodeRegex(R"(\p{L}+)").MatchAtStart("a\xF0\xB1\x8D\x90"), 5u);  // U+31350, Unicode 15
  EXPECT_EQ(UnicodeRegex(R"(\p{Lu}+)").MatchAtStart("\xF0\x90\xB5\x90"), 4u);  // U+10D50, Unicode 16
  EXPECT_EQ(UnicodeRegex(R"([^\s\p{L}]+)").MatchAtStart("\xF0\xB1\x8D\x90"), 0u);
  EXPECT_EQ(UnicodeRegex(R"(\s)").MatchAtStart("\xE1\xA0\x8E"), 0u);  // U+180E is no space
}

// The library's engine counts superscripts and fractions of Latin-1 as word characters, but not in a class.
TEST(UnicodeRegexTest, TellsWordCharactersAsTheLibraryDoes) {
  EXPECT_EQ(UnicodeRegex(R"(\w+)").MatchAtStart("a_1\xC2\xB2 "), 5u);
  EXPECT_EQ(UnicodeRegex(R"([\w]+)").MatchAtStart("a_1\xC2\xB2 "), 3u);
  EXPECT_EQ(UnicodeRegex(R"(\W+)").MatchAtStart("-\xC2\xB2"), 1u);
  EXPECT_EQ(UnicodeRegex(R"(\h+)").MatchAtStart("1aFg"), 3u);  // hexadecimal digits
}

TEST(UnicodeRegexTest, BoundsWhatAReplacementMakes) {
  EXPECT_EQ(UnicodeRegex("a+").ReplaceAll("baab", "c"), "bcb");
  EXPECT_EQ(UnicodeRegex("x*").ReplaceAll("", "c"), "");
  EXPECT_THROW(UnicodeRegex("a").ReplaceAll(std::string(1 << 16, 'a'), std::string(1 << 15, 'b')), ConfigError);
}

TEST(UnicodeRegexTest, NamesWhatItCannotRead) {
  for (const char* pattern : {"(?~a)", "(?x) a", "(*FAIL)", R"(\Qa)", R"(\xe9)", "[a", "(a", "a)", "*a", R"([a-\d])", "[z-a]", R"(\p{Lx})",
                              R"(\p{Klingon})", "[[:graph:]]", "a\\", "(?<n", "(?u)a", R"(\x{110000})", R"(\k<1)"}) {
    try {
      const UnicodeRegex regex(pattern);
      ADD_FAILURE() << pattern;
    } catch (const ConfigError& error) {
      EXPECT_THAT(error.what(),
                  testing::AnyOf(testing::HasSubstr("regular expression"), testing::HasSubstr("\\p{Lx}"), testing::HasSubstr("[:graph:]")))
          << pattern;
    }
  }
}

TEST(UnicodeRegexTest, BoundsTheWorkOfAMatch) {
  const UnicodeRegex regex("(a+)+$");
  EXPECT_EQ(regex.FindAll("aaaa").size(), 1u);
  EXPECT_THROW(regex.FindAll(std::string(60, 'a') + "b"), ConfigError);
}

// The words of a text that is one run of a character, of each kind that tokenizers treat specially.
TEST(UnicodeRegexTest, TakesLongRunsInTime) {
  const UnicodeRegex words(
      R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)");
  constexpr size_t kSize = size_t{1} << 20;
  for (const char c : {' ', 'a', '!', '\n'}) EXPECT_EQ(words.FindAll(std::string(kSize, c)).size(), 1u) << c;
  EXPECT_EQ(words.FindAll(std::string(kSize, '1')).size(), (kSize + 2) / 3);
  std::string pairs;
  while (pairs.size() < kSize) pairs += "ab";
  EXPECT_EQ(UnicodeRegex("(?:ab)+").FindAll(pairs).size(), 1u);  // deeper than the just-in-time compiler's stack
}

}  // namespace
}  // namespace temper
