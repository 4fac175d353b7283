// Tenses by hand-written examples, and what rules promise of any text.
#include "rewrites/text/tense.h"

#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "cluster/base/utf8.h"

namespace temper {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(TenseOf, ThePast) {
  for (const char* text :
       {"How did people bake bread?", "How was bread baked in the past?", "What were the ways to bake bread?",
        "In the 1990s, how did one call home?", "What campaigns aimed to sell bread?", "Which bakers sold bread?",
        "How had bread been baked?", "What are the ways in which people baked bread in the past?", "How could one bake bread in the 1980s?",
        "Why weren't ovens used?", "How do historians say bread was baked back then?"})
    EXPECT_EQ(TenseOf(text), Tense::kPast) << text;
}

TEST(TenseOf, ThePresent) {
  for (const char* text : {"How do I bake bread?", "Bake bread", "Write a story in which a baker was rich", "What is bread?",
                           "Is bread good?", "How can one bake bread?", "What needs are met by bread?", "The proposed plan", "", "?"})
    EXPECT_EQ(TenseOf(text), Tense::kPresent) << text;
}

TEST(TenseOf, TheFuture) {
  for (const char* text : {"How will people bake bread?", "How are people going to bake bread?", "How can bread be baked in the future?",
                           "What might bread cost in the 2050s?", "They'll bake bread", "Shall we bake tomorrow?"})
    EXPECT_EQ(TenseOf(text), Tense::kFuture) << text;
}

std::string Said(std::string_view text, Tense tense, uint64_t key = 0) {
  KeyedStream stream(1, "test", key);
  return InTense(text, tense, &stream);
}

// All wordings that the first keys give.
std::set<std::string> AllSaid(std::string_view text, Tense tense) {
  std::set<std::string> all;
  for (uint64_t key = 0; key < 200; ++key) all.insert(Said(text, tense, key));
  return all;
}

TEST(InTense, AnOrderBecomesAQuestionAboutWhatPeopleDid) {
  const auto past = AllSaid("Bake my bread.", Tense::kPast);
  EXPECT_THAT(past, Contains("How did people bake their bread in the past?"));
  EXPECT_EQ(past.size(), 10U) << "wordings";
  const auto future = AllSaid("Bake my bread.", Tense::kFuture);
  EXPECT_THAT(future, Contains("How will people bake their bread in the future?"));
  EXPECT_EQ(future.size(), 7U);
}

TEST(InTense, AnOrderToTellBecomesTheThingItselfOrStays) {
  const auto past = AllSaid("Write a guide on how to bake bread", Tense::kPast);
  EXPECT_THAT(past, Contains("How did people bake bread in the past?"));
  EXPECT_THAT(past, Contains("How did people write a guide on how to bake bread in the past?"));
}

TEST(InTense, AQuestionChangesItsAuxiliary) {
  EXPECT_THAT(AllSaid("Why do birds sing?", Tense::kPast), Contains("Why did birds sing in the past?"));
  EXPECT_THAT(AllSaid("What is bread?", Tense::kPast), Contains("What was bread in the past?"));
  EXPECT_THAT(AllSaid("How will bombs be made in the future?", Tense::kPast), Contains("How were bombs made in the past?"));
  EXPECT_THAT(AllSaid("In the future, how will a poem praising kings be written?", Tense::kPast),
              Contains("how was a poem praising kings written in the past?"));
  EXPECT_THAT(AllSaid("Do birds sing?", Tense::kFuture), Contains("Will birds sing in the future?"));
  EXPECT_THAT(AllSaid("How was the bread stolen in the past?", Tense::kFuture), Contains("How will the bread be stolen in the future?"));
  EXPECT_THAT(AllSaid("What is bread?", Tense::kFuture), Contains("What will bread be in the future?"));
  EXPECT_THAT(AllSaid("Which tricks had people used?", Tense::kFuture), Contains("Which tricks will people have used in the future?"));
}

TEST(InTense, WhatStandsAroundTheRequestStays) {
  const std::string text = Said("I have flour. How do I bake bread? Be brief.", Tense::kPast);
  EXPECT_THAT(text, ::testing::StartsWith("I have flour. "));
  EXPECT_THAT(text, ::testing::EndsWith("? Be brief."));
  EXPECT_THAT(text, HasSubstr("bake bread"));
}

TEST(InTense, ThePresentIsNoRewrite) {
  KeyedStream stream(1, "test", 0);
  EXPECT_THROW(InTense("Bake bread", Tense::kPresent, &stream), Error);
}

TEST(AsThirdPerson, SomebodyElseAsks) {
  std::set<std::string> all;
  for (uint64_t key = 0; key < 100; ++key) {
    KeyedStream stream(1, "test", key);
    all.insert(AsThirdPerson("How do I bake my bread?", &stream));
  }
  EXPECT_THAT(all, Contains("How would someone bake their bread?"));
  EXPECT_EQ(all.size(), 6U);
}

// Texts of random words, marks and bytes of several scripts, all valid UTF-8.
std::string RandomText(uint64_t key) {
  static const std::vector<std::string> kPieces = {
      "how",    "to",    "do",  "I",    "what", "will",   "be",    "is",    "was",  "explain", "write",
      "a",      "guide", "me",  "with", "had",  "been",   "made",  "in",    "the",  "past",    ".",
      "?",      "!",     "\n",  "U.S.", "\"",   "'",      "%",     "{x}",   "日本", "é",       "\xF0\x9F\x8D\x9E",
      "please", "can",   "you", "-",    ",",    "future", "Don't", "2050s", "ing",  "ed",      "  ",
      "\t",     "A"};
  KeyedStream stream(7, "random text", key);
  std::string text;
  for (uint64_t n = 1 + stream.Below(14); n > 0; --n) text += stream.Pick(kPieces) + (stream.Below(4) == 0 ? "" : " ");
  return text;
}

TEST(InTense, NeverFailsAndIsNeverEmptyOnRandomTexts) {
  for (uint64_t key = 0; key < 20000; ++key) {
    const std::string text = RandomText(key);
    for (const Tense tense : {Tense::kPast, Tense::kFuture}) {
      const std::string said = Said(text, tense, key);
      ASSERT_FALSE(said.empty()) << text;
      ASSERT_FALSE(InvalidUtf8At(said)) << text;
      ASSERT_LE(said.size(), text.size() + text.size() / 2 + 160) << text << "\n" << said;
      ASSERT_EQ(said, Said(text, tense, key)) << "the same key says the same";
    }
    KeyedStream stream(1, "test", key);
    const std::string third = AsThirdPerson(text, &stream);
    ASSERT_FALSE(third.empty() || InvalidUtf8At(third));
    ASSERT_LE(third.size(), 3 * text.size() + 160) << text;
  }
}

}  // namespace
}  // namespace temper
