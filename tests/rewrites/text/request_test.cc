// What rules make of English requests, by hand-written examples.
#include "rewrites/text/request.h"

#include <gmock/gmock.h>

#include "rewrites/text/english_words.h"

namespace temper {
namespace {

using Kind = EnglishRequest::Kind;

TEST(ReadRequest, WaysToAskForOneThingAreOneThing) {
  for (const char* text : {"Pick a lock", "How do I pick a lock?", "how to pick a lock", "Please pick a lock.", "Can you pick a lock?",
                           "I want to know how to pick a lock", "What is the best way to pick a lock?", "Could you please pick a lock?"}) {
    const EnglishRequest request = ReadRequest(text);
    EXPECT_EQ(request.kind, Kind::kDo) << text;
    EXPECT_EQ(request.core, "pick a lock") << text;
  }
}

TEST(ReadRequest, FindsWhatAnOrderToTellIsAbout) {
  const EnglishRequest request = ReadRequest("Give me a step-by-step guide on how to bake bread");
  EXPECT_EQ(request.kind, Kind::kDo);
  EXPECT_EQ(request.core, "give a step-by-step guide on how to bake bread");
  EXPECT_EQ(request.inner, "bake bread");
  EXPECT_EQ(ReadRequest("Provide me with a list of herbs").core, "provide a list of herbs");
  EXPECT_EQ(ReadRequest("Write a poem").inner, "");
}

TEST(ReadRequest, AQuestionStaysWhole) {
  const EnglishRequest request = ReadRequest("Why do birds sing?");
  EXPECT_EQ(request.kind, Kind::kQuestion);
  EXPECT_EQ(request.core, "Why do birds sing");
}

TEST(ReadRequest, KeepsWhatStandsAroundTheSentenceThatAsks) {
  const EnglishRequest request = ReadRequest("My door is shut. How do I open it? I live in the U.S. alone.");
  EXPECT_EQ(request.kind, Kind::kDo);
  EXPECT_EQ(request.before, "My door is shut.");
  EXPECT_EQ(request.core, "open it");
  EXPECT_EQ(request.after, "I live in the U.S. alone.");
}

TEST(ReadRequest, AFullStopInAnAbbreviationEndsNoSentence) {
  EXPECT_EQ(ReadRequest("Write an article about a U.S. president and Dr. Who.").core,
            "write an article about a U.S. president and Dr. Who");
}

TEST(ReadRequest, WhatNoRuleReadsIsTheWholeText) {
  for (const char* text : {"The weather", "42", "...", "Don't go", "Привет мир"}) {
    const EnglishRequest request = ReadRequest(text);
    EXPECT_EQ(request.kind, Kind::kOther) << text;
    EXPECT_EQ(request.core, text);
  }
}

TEST(InThirdPerson, TurnsFirstAndSecondPersons) {
  EXPECT_EQ(InThirdPerson("open my phone that I lost, and help us"), "open their phone that they lost, and help them");
  EXPECT_EQ(InThirdPerson("the US elections"), "the US elections");
  EXPECT_EQ(InThirdPerson("mine coal"), "mine coal");
}

TEST(LooksPlural, ReadsTheHeadOfTheSubject) {
  EXPECT_TRUE(LooksPlural("bombs"));
  EXPECT_TRUE(LooksPlural("the people of France"));
  EXPECT_TRUE(LooksPlural("bread and butter"));
  EXPECT_FALSE(LooksPlural("the list of names"));
  EXPECT_FALSE(LooksPlural("a poem praising kings"));
  EXPECT_FALSE(LooksPlural("glass"));
}

}  // namespace
}  // namespace temper
