// Hand-made answers: what is found in a response, and whether it is the reference.
#include "reward/answers/answer_match.h"

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "reward/answers/number.h"

namespace temper {
namespace {

TEST(WrittenNumber, IsReadInEveryWayThatPeopleWriteIt) {
  const std::pair<const char*, double> kCases[] = {{"72", 72},
                                                   {" 1,234,567 ", 1234567},
                                                   {"-3.5", -3.5},
                                                   {"+4", 4},
                                                   {"$1,000.50", 1000.5},
                                                   {"-$20", -20},
                                                   {"3/4", 0.75},
                                                   {"-3 / 4", -0.75},
                                                   {"1 1/2", 1.5},
                                                   {"50%", 50},
                                                   {"6.02e23", 6.02e23},
                                                   {".5", 0.5},
                                                   {"\xE2\x88\x92"
                                                    "7",
                                                    -7},
                                                   {"007", 7},
                                                   {"2.0", 2}};
  for (const auto& [text, value] : kCases) {
    const auto number = ReadNumber(text);
    ASSERT_TRUE(number) << text;
    EXPECT_DOUBLE_EQ(number->value, value) << text;
  }
}

TEST(WrittenNumber, IsNoneWhereTheTextIsSomethingElse) {
  for (const char* text : {"", "x", "1,23", "1/0", "12,3456", "3 apples", "1.2.3", "--4", "1e999", "5 5"})
    EXPECT_FALSE(ReadNumber(text)) << text;
}

TEST(WrittenNumber, IsFoundLastInAText) {
  const std::pair<const char*, double> kCases[] = {{"She has 3 apples, so 1,250 in all.", 1250},
                                                   {"between 3-4", 4},
                                                   {"it is -4.", -4},
                                                   {"we use H2O and x2, 17 of them", 17},
                                                   {"costs $18.50!", 18.5},
                                                   {"ratio 3/4", 0.75},
                                                   {"2, 3, and 5.", 5},
                                                   {"from 10 to \xE2\x88\x92"
                                                    "2 degrees",
                                                    -2}};
  for (const auto& [text, value] : kCases) {
    const auto number = LastNumber(text);
    ASSERT_TRUE(number) << text;
    EXPECT_DOUBLE_EQ(number->value, value) << text;
  }
  EXPECT_FALSE(LastNumber("no digits, but H2O"));
}

TEST(WrittenNumber, LongWholeNumbersAreToldApartDigitByDigit) {
  const auto a = ReadNumber("9007199254740993"), b = ReadNumber("9,007,199,254,740,992");
  EXPECT_EQ(a->value, b->value);  // as doubles they are one
  EXPECT_FALSE(SameNumber(*a, *b, 0, 0));
  EXPECT_TRUE(SameNumber(*a, *a, 0, 0));
}

struct Case {
  AnswerRule rule;
  const char* response;
  const char* reference;
  bool right;
};

AnswerRule Rule(AnswerForm form) { return {.form = form, .pattern = ""}; }

TEST(AnswerCheck, GradesGsm8kByTheHashesOrTheLastNumber) {
  const AnswerRule rule = Rule(AnswerForm::kGsm8k);
  const Case kCases[] = {{rule, "48/2 = 24 and 48+24 = 72.\n#### 72", "Natalia sold 48+24 = 72 clips.\n#### 72", true},
                         {rule, "The answer is 72 clips.", "...\n#### 72", true},
                         {rule, "#### 1,072", "#### 1072", true},
                         {rule, "#### $18.00", "#### 18", true},
                         {rule, "#### 72 clips", "#### 72", true},
                         {rule, "#### 70\nno wait\n#### 72", "#### 72", true},  // the last one counts
                         {rule, "#### 72\nno wait\n#### 70", "#### 72", false},
                         {rule, "First 72, then 73.", "#### 72", false},
                         {rule, "#### -5", "#### 5", false},
                         {rule, "I do not know.", "#### 72", false},
                         {rule, "", "#### 72", false},
                         {rule, "#### ", "#### 72", false}};
  for (const Case& each : kCases) EXPECT_EQ(AnswerCheck(each.rule).IsRight(each.response, each.reference), each.right) << each.response;
}

TEST(AnswerCheck, GradesNumbersWithinATolerance) {
  AnswerRule exact = Rule(AnswerForm::kNumeric), near = exact, share = exact;
  near.tolerance = 0.01;
  share.relative_tolerance = 0.05;
  const Case kCases[] = {
      {exact, "about 3.14", "3.14", true},      {exact, "about 3.141", "3.14", false}, {near, "about 3.145", "3.14", true},
      {near, "about 3.155", "3.14", false},     {share, "it is 104", "100", true},     {share, "it is 106", "100", false},
      {exact, "one third is 1/3", "1/3", true}, {exact, "0.5", "1/2", true},           {exact, "it is 12", "a dozen", false}};
  for (const Case& each : kCases) EXPECT_EQ(AnswerCheck(each.rule).IsRight(each.response, each.reference), each.right) << each.response;
}

TEST(AnswerCheck, GradesTheLastBoxOfASolution) {
  const AnswerRule rule = Rule(AnswerForm::kBoxed);
  const Case kCases[] = {{rule, "so \\boxed{4}, no: \\boxed{5}", "5", true},
                         {rule, "so \\boxed{5}, no: \\boxed{4}", "5", false},
                         {rule, "\\boxed{\\frac{3}{4}}", "0.75", true},
                         {rule, "\\boxed{\\dfrac34}", "\\frac{3}{4}", true},
                         {rule, "\\boxed{-\\tfrac{1}{2}}", "-1/2", true},
                         {rule, "\\boxed{1\\frac{1}{2}}", "1.5", true},
                         {rule, "\\boxed{12\\text{ cm}}", "12", true},
                         {rule, "\\boxed{90^\\circ}", "90", true},
                         {rule, "\\boxed{1{,}000}", "1000", true},
                         {rule, "\\boxed{25\\%}", "25", true},
                         {rule, "\\boxed{x = 7}", "7", true},
                         {rule, "\\boxed{\\left( 3, \\frac{\\pi}{2} \\right)}", "(3,\\frac{\\pi}{2})", true},
                         {rule, "\\boxed{\\text{Even}}", "even", true},
                         {rule, "\\boxed{2x^2+1}", "we get \\boxed{2x^2 + 1}.", true},
                         {rule, "\\boxed{2x^2+1}", "2x^2-1", false},
                         {rule, "\\boxed 5$", "5", true},
                         {rule, "\\fbox{5}", "5", true},
                         {rule, "the box \\boxed{5} and \\boxed{\\frac{1}{2", "5", false},  // cut off: no answer
                         {rule, "5", "5", false},                                           // no box
                         {rule, "\\boxed{}", "", false}};
  for (const Case& each : kCases) EXPECT_EQ(AnswerCheck(each.rule).IsRight(each.response, each.reference), each.right) << each.response;
}

TEST(AnswerCheck, FindsTheAnswerByAPattern) {
  AnswerRule rule = Rule(AnswerForm::kRegex);
  rule.pattern = R"(answer is:?\s*\K[A-D])";
  EXPECT_TRUE(AnswerCheck(rule).IsRight("The answer is B. No, the answer is: C", "c"));
  EXPECT_FALSE(AnswerCheck(rule).IsRight("The answer is B. No, the answer is: C", "B"));
  EXPECT_FALSE(AnswerCheck(rule).IsRight("C", "C"));
  rule.pattern = "(";
  EXPECT_THROW(AnswerCheck{rule}, ConfigError);
  rule.pattern = "";  // the column holds the pattern
  EXPECT_TRUE(AnswerCheck(rule).IsRight("It was in 1969, in July.", R"(\b1969\b)"));
  EXPECT_FALSE(AnswerCheck(rule).IsRight("It was in 19690.", R"(\b1969\b)"));
  EXPECT_THROW(AnswerCheck(rule).IsRight("x", "("), ConfigError);
}

TEST(AnswerCheck, TakesAnExactAnswerAsAWhole) {
  AnswerRule rule = Rule(AnswerForm::kExact);
  EXPECT_TRUE(AnswerCheck(rule).IsRight("  the\n Nile ", "The Nile"));
  EXPECT_FALSE(AnswerCheck(rule).IsRight("It is the Nile", "The Nile"));
  EXPECT_FALSE(AnswerCheck(rule).IsRight("5.0", "5"));
  rule.ignore_case = false;
  EXPECT_FALSE(AnswerCheck(rule).IsRight("the Nile", "The Nile"));
}

}  // namespace
}  // namespace temper
