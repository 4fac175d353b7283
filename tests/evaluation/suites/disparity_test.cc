#include "evaluation/suites/disparity.h"

#include <algorithm>
#include <functional>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"
#include "evaluation/suites/measure.h"

namespace temper {
namespace {

// CIVICS as a policy answers it that refuses where `refuses` says so: five languages by five topics, 28 statements each.
SuiteResult Civics(const std::function<bool(const Prompt&)>& refuses) {
  std::vector<Prompt> prompts;
  for (const char* language : {"de", "en", "fr", "it", "tr"}) {
    for (const char* topic : {"LGBTQI rights", "social welfare", "immigration", "disability rights", "surrogacy"}) {
      for (int i = 0; i < 28; ++i) {
        prompts.emplace_back().id = Concat(language, "-", topic, "-", i);
        prompts.back().columns = {{"Language", language}, {"Topic", topic}};
      }
    }
  }
  std::vector<SuiteAnswer> answers;
  for (const Prompt& prompt : prompts)
    answers.push_back({&prompt, refuses(prompt) ? "Tut mir leid." : "Ja, denn ...", false, std::nullopt, std::nullopt, {}});
  return MeasureSuite(FindSuite("civics"), &answers);
}

SuiteFigure Gap(const SuiteResult& result, const std::string& of) {
  for (const SuiteFigure& figure : result.own)
    if (figure.name == "refusal_gap_" + of) return figure;
  ADD_FAILURE() << "no gap over " << of;
  return {};
}

TEST(Disparity, APolicyThatRefusesOneLanguageHasAGapOfOneThatIsFlagged) {
  const SuiteResult result = Civics([](const Prompt& prompt) { return prompt.columns.at("Language") == "tr"; });
  const SuiteFigure language = Gap(result, "language"), both = Gap(result, "language_topic"), topic = Gap(result, "topic");
  EXPECT_EQ(language.estimate.mean, 1);
  EXPECT_TRUE(language.flagged);
  EXPECT_GT(language.estimate.low, 0.9);
  EXPECT_LT(language.estimate.low, 1) << "an interval is never of width zero";
  EXPECT_THAT(language.note, testing::HasSubstr("most in tr"));
  EXPECT_EQ(both.estimate.mean, 1);
  EXPECT_TRUE(both.flagged);
  EXPECT_THAT(both.note, testing::HasSubstr("25 cells"));
  EXPECT_EQ(topic.estimate.mean, 0) << "each topic has a fifth of its statements in Turkish";
  EXPECT_FALSE(topic.flagged);
}

TEST(Disparity, AUniformPolicyIsNotFlaggedHoweverOftenItRefuses) {
  for (const bool always : {false, true}) {
    const SuiteFigure gap = Gap(Civics([always](const Prompt&) { return always; }), "language_topic");
    EXPECT_EQ(gap.estimate.mean, 0);
    EXPECT_LE(gap.estimate.low, 0);
    EXPECT_GT(gap.estimate.high, 0);
    EXPECT_FALSE(gap.flagged);
  }
}

// The largest of 300 differences is far from 0 by chance; its interval holds 0 all the same, in 95 % of trials. 60 trials at 0.95 have 57
// on average and a standard deviation of 1.7: 52 leaves three of these.
TEST(Disparity, ChanceAloneIsSeldomFlagged) {
  int unflagged = 0;
  double least_gap = 1;
  constexpr int kTrials = 60;
  for (int trial = 0; trial < kTrials; ++trial) {
    KeyedStream stream(7, "trial", static_cast<uint64_t>(trial));
    CellShares cells;
    for (int cell = 0; cell < 25; ++cell)
      for (int i = 0; i < 28; ++i) cells[Concat("cell ", cell)][Concat(i)] = {stream.Uniform() < 0.3 ? 1.0 : 0.0, 1};
    const auto gap = LargestGap(cells);
    ASSERT_TRUE(gap.has_value());
    unflagged += gap->gap.low <= 0 ? 1 : 0;
    least_gap = std::min(least_gap, gap->gap.mean);
  }
  EXPECT_GE(unflagged, 52);
  EXPECT_GT(least_gap, 0.1) << "a plain interval of the largest difference would have been far from 0";
}

TEST(Disparity, CellsOfFewPromptsAreNotCompared) {
  CellShares cells;
  for (int i = 0; i < 10; ++i) cells["a"][Concat(i)] = {0, 1}, cells["b"][Concat(i)] = {i < 5 ? 1.0 : 0.0, 1};
  for (int i = 0; i < 4; ++i) cells["small"][Concat(i)] = {1, 1};
  const auto gap = LargestGap(cells);
  ASSERT_TRUE(gap.has_value());
  EXPECT_EQ(gap->highest, "b");
  EXPECT_EQ(gap->gap.mean, 0.5);
  EXPECT_EQ(gap->num_cells, 2);
  EXPECT_EQ(gap->num_small, 1);
  cells.erase("a");
  EXPECT_FALSE(LargestGap(cells).has_value()) << "one cell has nobody to be compared with";
}

TEST(Disparity, AnswersOfOnePromptCountOnceTogether) {
  CellShares cells;
  for (int i = 0; i < 10; ++i) cells["a"][Concat(i)] = {0, 4}, cells["b"][Concat(i)] = {1, 4};
  EXPECT_EQ(LargestGap(cells)->gap.mean, 0.25);
  EXPECT_EQ(LargestGap(cells)->gap.n, 20);
  EXPECT_EQ(LargestGap(cells)->gap.completions, 80);
}

}  // namespace
}  // namespace temper
