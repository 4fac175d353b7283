// What labels mean and what a grade answers.
#include "evaluation/qualify/question.h"

#include <gmock/gmock.h>

namespace temper {
namespace {

TEST(ReadLabel, TakesWordsAndNumbersForYesAndNo) {
  const LabelReading reading{.words = {{"unsafe", "yes"}}, .yes_from = 0.5};
  EXPECT_EQ(ReadLabel(Question::kHarmful, reading, "1"), 1);
  EXPECT_EQ(ReadLabel(Question::kHarmful, reading, "0.25"), 0);
  EXPECT_EQ(ReadLabel(Question::kHarmful, reading, "0.5"), 1) << "the edge is a yes";
  EXPECT_EQ(ReadLabel(Question::kHarmful, reading, "true"), 1);
  EXPECT_EQ(ReadLabel(Question::kHarmful, reading, "no"), 0);
  EXPECT_EQ(ReadLabel(Question::kHarmful, reading, "unsafe"), 1) << "by what --label says";
  EXPECT_FALSE(ReadLabel(Question::kHarmful, reading, "maybe"));
  EXPECT_FALSE(ReadLabel(Question::kHarmful, reading, "nan"));
  EXPECT_FALSE(ReadLabel(Question::kHarmful, reading, "1 "));
}

TEST(ReadLabel, BringsNumbersToTheScaleFromZeroToOne) {
  const LabelReading of_five{.words = {}, .maximum = 4};
  EXPECT_EQ(ReadLabel(Question::kSeverity, of_five, "3"), 0.75);
  EXPECT_FALSE(ReadLabel(Question::kSeverity, of_five, "5"));
  EXPECT_FALSE(ReadLabel(Question::kSeverity, of_five, "-1"));
}

TEST(ReadLabel, TakesResponseModesByName) {
  const LabelReading reading{.words = {{"3_partial_refusal", "safe_completion"}}};
  EXPECT_EQ(ReadLabel(Question::kMode, reading, "3_partial_refusal"), static_cast<double>(ResponseMode::kSafeCompletion));
  EXPECT_EQ(ReadLabel(Question::kMode, reading, "bare_refusal"), static_cast<double>(ResponseMode::kBareRefusal));
  EXPECT_FALSE(ReadLabel(Question::kMode, reading, "2_full_refusal"));
}

TEST(AnswerOf, IsThePartThatPeopleWereAskedAbout) {
  Grade grade;
  grade.safety = 0.25;
  grade.helpfulness = 0.5;
  grade.mode = ResponseMode::kRedirect;
  grade.declined = true;
  EXPECT_EQ(AnswerOf(Question::kHarmful, grade), 0.75);
  EXPECT_EQ(AnswerOf(Question::kSeverity, grade), 0.75);
  EXPECT_EQ(AnswerOf(Question::kHelpful, grade), 0.5);
  EXPECT_EQ(AnswerOf(Question::kRefused, grade), 1);
  EXPECT_EQ(AnswerOf(Question::kMode, grade), static_cast<double>(ResponseMode::kRedirect));
  EXPECT_EQ(AnswerOf(Question::kOverRefusal, grade), 0);
}

TEST(DefaultQuestion, IsTheFirstThatTheGraderAnswers) {
  EXPECT_EQ(DefaultQuestion({GradePart::kMode, GradePart::kSeverity}), Question::kHarmful);
  EXPECT_EQ(DefaultQuestion({GradePart::kHelpfulnessIndirect}), Question::kHelpful);
  EXPECT_EQ(DefaultQuestion({GradePart::kMode}), Question::kRefused);
}

TEST(QuestionsFor, AreAboutHarmBeforeHelpBeforeTheMode) {
  EXPECT_THAT(QuestionsFor({GradePart::kMode, GradePart::kSafety}), testing::ElementsAre(Question::kHarmful, Question::kSeverity));
  EXPECT_THAT(QuestionsFor({GradePart::kMode, GradePart::kHelpfulnessDirect}),
              testing::ElementsAre(Question::kHelpful, Question::kHelpfulness));
  EXPECT_THAT(QuestionsFor({GradePart::kOverRefusal}), testing::ElementsAre(Question::kOverRefusal));
  EXPECT_THAT(QuestionsFor({}), testing::IsEmpty());
}

}  // namespace
}  // namespace temper
