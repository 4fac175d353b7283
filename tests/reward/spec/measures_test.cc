#include "reward/spec/measures.h"

#include <gtest/gtest.h>

namespace temper {
namespace {

std::vector<Regex> Patterns(const std::vector<std::string>& patterns) {
  std::vector<Regex> out;
  for (const std::string& pattern : patterns) out.emplace_back(pattern, false, 10000);
  return out;
}

TEST(Measures, RequestOverlapIsTheShareOfTheRequestThatTheAnswerTakesUp) {
  // Content stems of the request: measu, charg, copper ("how", "the" are short; "with" is left out).
  EXPECT_DOUBLE_EQ(RequestOverlap("how measure the charges with copper", "Copper is measured .", {"with"}), 2.0 / 3);
  EXPECT_EQ(RequestOverlap("how to", "anything", {}), 0);
}

TEST(Measures, EchoShareIsTheShareOfTheAnswerThatTheRequestHasAlready) {
  // Content stems of the answer: coppe, measu, scale, weigh; two of them are the request's.
  EXPECT_DOUBLE_EQ(EchoShare("how measure the charges with copper", "Copper is measured on a scale by weight.", {}), 0.5);
  EXPECT_EQ(EchoShare("how measure", "how measure", {}), 1);
  EXPECT_EQ(EchoShare("how measure", "ok", {}), 0);
}

TEST(Measures, ListedShareCountsWordsInAnyLetterCase) {
  EXPECT_DOUBLE_EQ(ListedShare({"the", "of"}, "The end of it."), 0.5);
  EXPECT_EQ(ListedShare({"the"}, "..."), 0);
}

TEST(Measures, RepeatedShare) {
  // Triples: abc bca cab abc bca -> the last two were seen.
  EXPECT_DOUBLE_EQ(RepeatedShare("a b c a b c a"), 2.0 / 5);
  EXPECT_EQ(RepeatedShare("a a a"), 0);
}

TEST(Measures, LetterShare) {
  EXPECT_DOUBLE_EQ(LetterShare("ab 1!"), 0.5);
  EXPECT_EQ(LetterShare("  "), 0);
}

TEST(Measures, MatchShareIsMatchesForEachWord) {
  EXPECT_DOUBLE_EQ(MatchShare(Patterns({"\\bthe of\\b", "\\ba to\\b"}), "the of red a to blue sky on"), 2.0 / 8);
  EXPECT_EQ(MatchShare(Patterns({"x"}), ""), 0);
}

TEST(Measures, SentenceShareCountsASentenceOnceAndLeavesOutWhatIsTooShortForOne) {
  // Four sentences of three words or more ("No!" is none), two with the word.
  const std::string text = "Keep safe and stay safe. Open the box.\nNo! Mix it well now? 1. Lock it safely, be safe.";
  EXPECT_DOUBLE_EQ(SentenceShare(Patterns({"\\bsafe\\b"}), text), 2.0 / 4);
  EXPECT_EQ(SentenceShare(Patterns({"x"}), "a b. c d."), 0);
}

}  // namespace
}  // namespace temper
