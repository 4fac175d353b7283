// What scanning passes over is held to a search of the whole text, for the patterns of every policy spec that is shipped.
#include "reward/spec/pattern_scanner.h"

#include <algorithm>
#include <filesystem>

#include <gmock/gmock.h>

#include "cluster/base/keyed_random.h"
#include "reward/spec/pattern_set.h"
#include "reward/spec/policy_spec.h"
#include "reward/spec/regex.h"
#include "reward/spec/regex_sample.h"

namespace temper {
namespace {

using ::testing::ElementsAre;
using Places = std::vector<std::pair<size_t, size_t>>;

Places Matches(const Regex& regex, std::string_view text) {
  Places places;
  regex.ForEachMatch(text, [&](size_t begin, size_t end) {
    places.emplace_back(begin, end);
    return true;
  });
  return places;
}

struct Pattern {
  std::string text;
  bool case_sensitive = false;
};

std::vector<Pattern> ShippedPatterns() {
  std::vector<Pattern> patterns;
  for (const auto& entry : std::filesystem::directory_iterator(TEMPER_SOURCE_DIR "/configs/policies")) {
    if (entry.path().extension() != ".yaml") continue;
    const PolicySpec spec = LoadPolicySpec(entry.path().string());
    for (const auto& [id, rule] : spec.propositions) {
      for (const std::string& regex : rule.regexes) patterns.push_back({regex, rule.case_sensitive});
      for (const std::string& phrase : rule.phrases) patterns.push_back({PhrasePattern(phrase), rule.case_sensitive});
    }
  }
  return patterns;
}

// Samples of patterns, words, marks, characters beyond ASCII and bytes that are not UTF-8, in any letter case.
std::string RandomText(const std::vector<Pattern>& patterns, KeyedStream* stream) {
  static const std::vector<std::string> kPieces = {
      "I ",     "not ",  "the ",  " of",       " ",      "\n",         "\r\n",       ". ",          "'",      "\u2019", "1. ",
      "20 mg ", "\xFF",  "\xC3",  "\xE2\x80",  "\u00e9", "\u212a",     "\u017f",     "\u4e2d",      "_",      "- ",     "```",
      "\t",     "first", "then ", "class x {", "words ", "sentence? ", "something ", "\U0001f600 ", "\u0085", "\u2028", "\v"};
  std::string text;
  for (uint64_t left = 1 + stream->Below(14); left > 0; --left) {
    std::string piece = stream->Pick(kPieces);
    if (stream->Below(2) == 0) piece = SampleOfPattern(stream->Pick(patterns).text, stream->Next()).value_or("");
    if (stream->Below(4) == 0)
      for (char& c : piece)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    text += piece;
    if (stream->Below(3) != 0) text += ' ';
  }
  return text;
}

TEST(PatternScanner, PassesOverNoMatchOfAnyPatternThatIsShipped) {
  const std::vector<Pattern> patterns = ShippedPatterns();
  std::vector<Regex> plain, scanned;
  for (const Pattern& pattern : patterns) {
    plain.emplace_back(pattern.text, pattern.case_sensitive, 500000);
    scanned.emplace_back(pattern.text, pattern.case_sensitive, 500000);
    scanned.back().ScanFirst();
  }
  std::vector<const PatternTree*> trees;
  for (const Regex& regex : scanned) trees.push_back(regex.tree());
  EXPECT_EQ(std::count(trees.begin(), trees.end(), nullptr), 0);
  PatternSet set(trees);
  size_t matches = 0, perhaps = 0;
  for (uint64_t i = 0; i < 400; ++i) {
    KeyedStream stream(7, "text", i);
    const std::string text = RandomText(patterns, &stream);
    const std::vector<uint8_t> may(set.MayMatch(text).begin(), set.MayMatch(text).end());
    for (size_t k = 0; k < patterns.size(); ++k) {
      const Places found = Matches(plain[k], text);
      ASSERT_EQ(Matches(scanned[k], text), found) << patterns[k].text << "\n" << text;
      ASSERT_TRUE(found.empty() || may[k] != 0) << patterns[k].text << "\n" << text;
      matches += found.empty() ? 0 : 1;
      perhaps += may[k];
    }
  }
  // The scan is worth its while: few patterns may match and do not.
  EXPECT_GT(matches, 1000u);
  EXPECT_LT(perhaps, 3 * matches);
}

size_t FirstPlace(const std::string& pattern, std::string_view text, size_t from = 0) {
  const std::optional<PatternTree> tree = ReadPatternTree(pattern, false);
  return PatternScanner(std::span(&*tree, 1)).FirstPlace(text, from);
}

TEST(PatternScanner, FindsTheFirstPlaceAtTheBeginOfWhatIsUnderWay) {
  EXPECT_EQ(FirstPlace("\\bcan\\b", "I can"), 2u);
  EXPECT_EQ(FirstPlace("\\bcan\\b", "cannot scan"), PatternScanner::kNowhere);
  EXPECT_EQ(FirstPlace("\\bcan\\b", "can can", 1), 4u);
  EXPECT_EQ(FirstPlace("^b", "a\nb"), 2u);
  EXPECT_EQ(FirstPlace("a{2,3}$", "aab aaa"), 4u);
  EXPECT_EQ(FirstPlace("\\B[^a-z]x", "a\u00e9x"), 1u);  // the start of the character, not a place inside it
}

TEST(PatternTree, IsReadOnlyWhereTheSearchIsBoundedAndAllOfItIsKnown) {
  for (const char* unread :
       {"(a+)+$", "(\\w+\\s*)*x", "(a)\\1", "\\p{L}", "(?i)a", "a\\Kb", "[[:alpha:]]", "\\x41", "(?>a)", "((a{90}){90}){90}", "\u212a"})
    EXPECT_FALSE(ReadPatternTree(unread, false)) << unread;
  for (const char* read : {"a|", "(?:a|b)*?", "(?<name>a)(?!b)", "[]a-f^-]{2,}+", "[^\\d.-]", "\\.\\*"})
    EXPECT_TRUE(ReadPatternTree(read, false)) << read;
}

TEST(Regex, MatchesTheSameWhenItIsScannedFirst) {
  const std::string text = "xx ax\n\nxxx";
  for (const char* pattern : {"x*", "\\b", "(?<=a)x", "^", "$", "x(?=x)", "(?<!x)x+"}) {
    const Regex plain(pattern, true, 10000);
    Regex scanned(pattern, true, 10000);
    scanned.ScanFirst();
    ASSERT_NE(scanned.tree(), nullptr);
    EXPECT_EQ(Matches(scanned, text), Matches(plain, text)) << pattern;
  }
}

}  // namespace
}  // namespace temper
