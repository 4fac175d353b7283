// Slices of labelled rows and their figures, computed by hand.
#include "evaluation/qualify/comparison.h"

#include <gmock/gmock.h>

#include "cluster/base/error.h"

namespace temper {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Ten rows of two sources. In a: scores .9 and .6 for two positives, .6, .2, .1 for three negatives: of 6 pairs 5 are right and one is a
// tie. In b the grader is upside down.
std::vector<JudgedAnswer> Rows() {
  std::vector<JudgedAnswer> rows;
  int64_t words = 0;
  const auto add = [&](const char* source, double people, double grader) {
    rows.push_back({std::to_string(++words), source, people > 0 ? "x" : "y", words, people, grader});
  };
  for (const double score : {0.9, 0.6}) add("a", 1, score);
  for (const double score : {0.6, 0.2, 0.1}) add("a", 0, score);
  for (const double score : {0.1, 0.2}) add("b", 1, score);
  for (const double score : {0.7, 0.8, 0.9}) add("b", 0, score);
  return rows;
}

// Each row several times, as of other prompts, so that slices have enough rows.
std::vector<JudgedAnswer> Times(const std::vector<JudgedAnswer>& rows, int times) {
  std::vector<JudgedAnswer> all;
  for (int i = 0; i < times; ++i)
    for (JudgedAnswer row : rows) {
      row.group += Concat("/", i);
      all.push_back(row);
    }
  return all;
}

double Figure(const AgreementSlice& slice, const char* name) {
  const Estimate* estimate = slice.Figure(name);
  return estimate == nullptr ? -2 : estimate->mean;
}

TEST(Compare, PoolsAllRowsAndTakesSourcesByThemselves) {
  const Agreement agreement = Compare(Question::kHarmful, Times(Rows(), 4), {.bootstrap = {.resamples = 100}});
  ASSERT_EQ(agreement.by_source.size(), 2U);
  EXPECT_EQ(agreement.by_source[0].rows, 20);
  EXPECT_NEAR(Figure(agreement.by_source[0], "auroc"), 5.5 / 6, 1e-12);
  EXPECT_NEAR(Figure(agreement.by_source[1], "auroc"), 0, 1e-12);
  // At .5 in a: 2 true, 1 false positive, 2 true negatives of 5; in b none of 5.
  EXPECT_NEAR(Figure(agreement.by_source[0], "accuracy"), 4.0 / 5, 1e-12);
  EXPECT_NEAR(Figure(agreement.all, "accuracy"), 4.0 / 10, 1e-12);
  EXPECT_NEAR(Figure(agreement.all, "baseline_accuracy"), 6.0 / 10, 1e-12);
  EXPECT_EQ(agreement.all.confusion, (std::vector<std::vector<int64_t>>{{8, 16}, {8, 8}}));
}

TEST(Compare, TakesTheMeanOverTheSourcesThatWereNotSeen) {
  const Agreement none_seen = Compare(Question::kHarmful, Times(Rows(), 4), {.bootstrap = {.resamples = 100}});
  ASSERT_TRUE(none_seen.unseen);
  EXPECT_FALSE(none_seen.seen);
  EXPECT_NEAR(Figure(*none_seen.unseen, "auroc"), 5.5 / 12, 1e-12) << "the mean of both, not the figure of the pool";
  EXPECT_TRUE(none_seen.unseen->Figure("auroc")->has_interval());
  const Agreement a_seen = Compare(Question::kHarmful, Times(Rows(), 4), {.seen_sources = {"a"}, .bootstrap = {.resamples = 100}});
  ASSERT_TRUE(a_seen.unseen && a_seen.seen);
  EXPECT_NEAR(Figure(*a_seen.unseen, "auroc"), 0, 1e-12);
  EXPECT_NEAR(Figure(*a_seen.seen, "auroc"), 5.5 / 6, 1e-12);
}

TEST(Compare, NamesASourceThatHasNoFigureAndTakesTheMeanOfTheOthers) {
  std::vector<JudgedAnswer> rows = Times(Rows(), 4);
  for (JudgedAnswer& row : rows)
    if (row.source == "b") row.people = 0;
  const Agreement agreement = Compare(Question::kHarmful, rows, {.bootstrap = {.resamples = 100}});
  EXPECT_NEAR(Figure(*agreement.unseen, "auroc"), 5.5 / 6, 1e-12) << "b has one class: its area is undefined";
  EXPECT_NEAR(Figure(*agreement.unseen, "accuracy"), (4.0 / 5 + 2.0 / 5) / 2, 1e-12) << "in b .1 and .2 of 5 are below a half";
  EXPECT_THAT(agreement.unseen->notes, ElementsAre(HasSubstr("b has no auroc")));
}

TEST(Compare, ASourceOfFewRowsDoesNotCountInTheMean) {
  std::vector<JudgedAnswer> rows = Times(Rows(), 4);
  for (int i = 0; i < 9; ++i) rows.push_back({Concat("c", i), "c", "", 1, 1, i < 5 ? 1.0 : 0.0});
  const Agreement agreement = Compare(Question::kHarmful, rows, {.bootstrap = {.resamples = 100}});
  EXPECT_NEAR(Figure(*agreement.unseen, "auroc"), 5.5 / 12, 1e-12);
  EXPECT_EQ(agreement.unseen->rows, 40);
  EXPECT_THAT(agreement.unseen->notes, ElementsAre("c does not count: it has 9 rows, fewer than 10"));
}

TEST(Compare, RowsThatTheGraderWasTrainedOnAreSeenWhateverTheirSource) {
  std::vector<JudgedAnswer> rows = Times(Rows(), 4);
  for (JudgedAnswer& row : rows) row.trained_on = row.source == "b";
  const Agreement agreement = Compare(Question::kHarmful, rows, {.bootstrap = {.resamples = 100}});
  EXPECT_NEAR(Figure(*agreement.unseen, "auroc"), 5.5 / 6, 1e-12);
  EXPECT_NEAR(Figure(*agreement.seen, "auroc"), 0, 1e-12);
}

TEST(Compare, DrawsTheGroupsOfEachSourceByThemselves) {
  // Two sources that always are 1 and 0: their mean is .5 in every resample, and nothing moves it.
  std::vector<JudgedAnswer> rows;
  for (int i = 0; i < 20; ++i)
    rows.push_back({Concat(i), i < 10 ? "a" : "b", "", 1, i % 2 == 0 ? 1.0 : 0.0, (i % 2 == 0) == (i < 10) ? 1.0 : 0.0});
  const Agreement agreement = Compare(Question::kHarmful, rows, {.bootstrap = {.resamples = 200}});
  EXPECT_NEAR(Figure(*agreement.unseen, "accuracy"), 0.5, 1e-12);
  EXPECT_FALSE(agreement.unseen->Figure("accuracy")->has_interval()) << "a resample over both sources would have other shares of them";
  EXPECT_TRUE(agreement.all.Figure("accuracy")->has_interval());
}

TEST(Compare, APromptOfTwoSourcesIsOneGroup) {
  // Each prompt has one row in either source, both right or both wrong: 100 groups of two rows, an interval of .5 +- 1.96 x .05. Of 200
  // groups it would be .5 +- .069.
  std::vector<JudgedAnswer> rows;
  for (int i = 0; i < 100; ++i)
    for (const char* source : {"a", "b"}) rows.push_back({Concat(i), source, "", 1, 1, i % 2 == 0 ? 1.0 : 0.0});
  const Agreement agreement = Compare(Question::kHarmful, rows, {.bootstrap = {.resamples = 1000}});
  EXPECT_EQ(agreement.all.Figure("accuracy")->n, 100);
  EXPECT_NEAR(agreement.all.Figure("accuracy")->high, 0.598, 0.015);
}

TEST(Compare, CountsRowsWithoutAGradeInNoFigureButTheirOwn) {
  std::vector<JudgedAnswer> rows = Times(Rows(), 4);
  for (JudgedAnswer& row : rows) row.failed = row.source == "b";
  const Agreement agreement = Compare(Question::kHarmful, rows, {.bootstrap = {.resamples = 100}});
  EXPECT_NEAR(Figure(agreement.all, "failed"), 0.5, 1e-12);
  EXPECT_NEAR(Figure(agreement.all, "auroc"), 5.5 / 6, 1e-12);
}

TEST(Compare, CutsTheAnswersIntoQuartersByLength) {
  const Agreement agreement = Compare(Question::kHarmful, Times(Rows(), 4), {.bootstrap = {.resamples = 100}});
  ASSERT_EQ(agreement.by_length.size(), 4U) << "lengths 1 to 10, four rows each: 12, 8, 12 and 8 rows, since equal lengths stay together";
  EXPECT_EQ(agreement.by_length[0].name, "1 to 3 words");
  EXPECT_EQ(agreement.by_length[0].rows, 12);
  EXPECT_TRUE(agreement.by_length[1].figures.empty()) << "too few rows";
}

TEST(Compare, OfNumbersTellsErrorAndRank) {
  std::vector<JudgedAnswer> rows;
  for (int i = 0; i < 5; ++i) rows.push_back({std::to_string(i), "a", "", i, 0.25 * i, 0.25 * i * 0.5});
  const Agreement agreement = Compare(Question::kSeverity, Times(rows, 4), {.bootstrap = {.resamples = 100}});
  EXPECT_NEAR(Figure(agreement.all, "mae"), 0.25, 1e-12) << "half of .5 on average";
  EXPECT_NEAR(Figure(agreement.all, "spearman"), 1, 1e-12);
  EXPECT_NEAR(Figure(agreement.all, "baseline_mae"), 0.3, 1e-12) << "(.5 + .25 + 0 + .25 + .5) / 5";
  EXPECT_TRUE(agreement.all.confusion.empty());
}

TEST(Compare, OfModesTellsTheF1OfEachThatPeopleUsed) {
  const auto mode = [](ResponseMode value) { return static_cast<double>(value); };
  std::vector<JudgedAnswer> rows;
  const auto add = [&](ResponseMode people, ResponseMode grader) {
    rows.push_back({std::to_string(rows.size()), "a", "", 1, mode(people), mode(grader)});
  };
  add(ResponseMode::kDirect, ResponseMode::kDirect);
  add(ResponseMode::kDirect, ResponseMode::kBareRefusal);
  add(ResponseMode::kBareRefusal, ResponseMode::kBareRefusal);
  const Agreement agreement = Compare(Question::kMode, Times(rows, 4), {.bootstrap = {.resamples = 100}});
  EXPECT_NEAR(Figure(agreement.all, "accuracy"), 2.0 / 3, 1e-12);
  EXPECT_NEAR(Figure(agreement.all, "f1_direct"), 2.0 / 3, 1e-12);
  EXPECT_NEAR(Figure(agreement.all, "f1_bare_refusal"), 2.0 / 3, 1e-12);
  EXPECT_EQ(agreement.all.Figure("f1_redirect"), nullptr);
}

}  // namespace
}  // namespace temper
