#include "reward/tsetlin/rules.h"

#include <string>

#include <gmock/gmock.h>

#include "cluster/base/error.h"

namespace temper {
namespace {

using ::testing::HasSubstr;

TEST(TsetlinRulesTest, ARuleReadsAsASentence) {
  EXPECT_EQ(RuleText({{"reaction", "rash"}, {"x"}, "refused", false}), "if 'rash' and 'reaction' and not 'x' then refused");
  EXPECT_EQ(RuleText({{"^you may"}, {}, "kind", true}), "if opening 'you may' then not kind");
}

TEST(TsetlinRulesTest, TheTextOfARuleIsReadBack) {
  const TsetlinRule rule = {{"i'm sorry", "this and that", "^i can't"}, {"here", "then"}, "not safe? no", true};
  const TsetlinRule again = ParseRule(RuleText(rule), "rules.txt:1");
  EXPECT_EQ(RuleText(again), RuleText(rule));
  EXPECT_EQ(again.label, "not safe? no");
  EXPECT_TRUE(again.negated);
  EXPECT_EQ(again.absent, rule.absent);
}

TEST(TsetlinRulesTest, TheHashDoesNotDependOnTheOrderOfTerms) {
  const TsetlinRule one = ParseRule("if not 'c' and 'b' and 'a' then x", "f:1"),
                    two = ParseRule("if 'a' and 'b' and not 'c' then x", "f:1");
  EXPECT_EQ(RuleHash(one), RuleHash(two));
  EXPECT_EQ(RuleHash(one).size(), 16u);
  EXPECT_NE(RuleHash(one), RuleHash(ParseRule("if 'a' and 'b' and not 'c' then y", "f:1")));
}

TEST(TsetlinRulesTest, WhatIsNoRuleIsRefusedWithItsPlace) {
  for (const char* text : {"", "if", "if 'a'", "if 'a' then ", "if 'a' then not ", "if a then b", "if '' then b", "if 'a' 'c' then b",
                           "if 'a' or 'c' then b", "'a' then b", "if not opening then b"}) {
    try {
      ParseRule(text, "rules.txt:7");
      ADD_FAILURE() << text;
    } catch (const ConfigError& error) {
      EXPECT_THAT(error.what(), HasSubstr("rules.txt:7: ")) << text;
      EXPECT_THAT(error.what(), HasSubstr("is not a rule")) << text;
    }
  }
}

TEST(TsetlinRulesTest, ATermStandsInARuleOnce) {
  EXPECT_THROW(ParseRule("if 'a' and not 'a' then b", "f:1"), ConfigError);
  EXPECT_THROW(ParseRule("if 'a' and 'a' then b", "f:1"), ConfigError);
}

}  // namespace
}  // namespace temper
