// Figures of agreement, each computed by hand.
#include "evaluation/agreement.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace temper {
namespace {

constexpr double kRounding = 1e-12;

TEST(AreaUnderRoc, CountsATieAsHalfAPair) {
  // Positives .8, .5, .5 against negatives .5, .2: 1 + 1, 1/2 + 1, 1/2 + 1 of 6 pairs.
  const std::vector<ScoredLabel> rows = {{0.5, true}, {0.2, false}, {0.8, true}, {0.5, false}, {0.5, true}};
  EXPECT_NEAR(AreaUnderRoc(rows).value(), 5.0 / 6, kRounding);
  const std::vector<ScoredLabel> constant = {{1, true}, {1, false}, {1, false}};
  EXPECT_NEAR(AreaUnderRoc(constant).value(), 0.5, kRounding);
}

TEST(AreaUnderRoc, IsUndefinedWithoutBothClasses) {
  const std::vector<ScoredLabel> rows = {{0.5, true}, {0.2, true}};
  EXPECT_FALSE(AreaUnderRoc(rows).has_value());
  EXPECT_FALSE(AreaUnderRoc({}).has_value());
}

TEST(BinaryCounts, AreThoseOfTheThresholdWithTheEdgeOnTheSideOfYes) {
  const std::vector<ScoredLabel> rows = {{0.5, true}, {0.4, true}, {0.9, true}, {0.7, false}, {0.1, false}, {0.2, false}};
  const BinaryCounts counts = CountBinary(rows, 0.5);
  EXPECT_EQ(counts.true_positive, 2);
  EXPECT_EQ(counts.false_negative, 1);
  EXPECT_EQ(counts.false_positive, 1);
  EXPECT_EQ(counts.true_negative, 2);
  EXPECT_NEAR(counts.Accuracy().value(), 4.0 / 6, kRounding);
  EXPECT_NEAR(counts.Precision().value(), 2.0 / 3, kRounding);
  EXPECT_NEAR(counts.Recall().value(), 2.0 / 3, kRounding);
  EXPECT_NEAR(counts.F1().value(), 4.0 / 6, kRounding);
  EXPECT_NEAR(counts.MajorityBaseline().value(), 0.5, kRounding);
}

TEST(BinaryCounts, HaveNoPrecisionWhereNothingIsCalledYes) {
  const std::vector<ScoredLabel> rows = {{0.1, true}, {0.1, false}};
  const BinaryCounts counts = CountBinary(rows, 0.5);
  EXPECT_FALSE(counts.Precision().has_value());
  EXPECT_EQ(counts.Recall().value(), 0);
  EXPECT_EQ(counts.F1().value(), 0);
  EXPECT_FALSE(BinaryCounts().Accuracy().has_value());
}

TEST(CalibrationError, WeighsEachBinByItsRows) {
  // Five bins: [0, .2) has scores .1 + .15 and one positive, [.4, .6) .5 and one, [.8, 1] .95 + 1 and one: (.75 + .5 + .95) / 5.
  const std::vector<ScoredLabel> rows = {{0.1, false}, {0.15, true}, {0.5, true}, {1.0, true}, {0.95, false}};
  EXPECT_NEAR(CalibrationError(rows, 5).value(), 0.44, kRounding);
  // One bin: |3 - 2.7| / 5.
  EXPECT_NEAR(CalibrationError(rows, 1).value(), 0.06, kRounding);
}

TEST(CalibrationError, IsUndefinedForWhatIsNoProbability) {
  const std::vector<ScoredLabel> above = {{1.5, true}}, nan = {{std::nan(""), true}};
  EXPECT_FALSE(CalibrationError(above, 10).has_value());
  EXPECT_FALSE(CalibrationError(nan, 10).has_value());
  EXPECT_FALSE(CalibrationError({}, 10).has_value());
}

ClassCounts Classes(const std::vector<std::vector<int>>& rows_of_people) {
  ClassCounts counts(rows_of_people.size());
  for (size_t people = 0; people < rows_of_people.size(); ++people)
    for (size_t grader = 0; grader < rows_of_people[people].size(); ++grader)
      for (int i = 0; i < rows_of_people[people][grader]; ++i) counts.Add(people, grader);
  return counts;
}

TEST(Kappa, IsCohens) {
  // Observed .7, by chance (25 x 30 + 25 x 20) / 2500 = .5.
  EXPECT_NEAR(Classes({{20, 5}, {10, 15}}).Kappa(KappaWeights::kNone).value(), 0.4, kRounding);
}

TEST(Kappa, WeighsDisagreementsByTheirDistance) {
  // Of 10: sums 4, 3, 3 either way. Disagreement observed: .3, linear .4, quadratic .6; by chance .66, .9, 1.38.
  const ClassCounts counts = Classes({{3, 1, 0}, {0, 2, 1}, {1, 0, 2}});
  EXPECT_NEAR(counts.Kappa(KappaWeights::kNone).value(), 1 - 0.3 / 0.66, kRounding);
  EXPECT_NEAR(counts.Kappa(KappaWeights::kLinear).value(), 1 - 0.4 / 0.9, kRounding);
  EXPECT_NEAR(counts.Kappa(KappaWeights::kQuadratic).value(), 1 - 0.6 / 1.38, kRounding);
  EXPECT_NEAR(counts.Accuracy().value(), 0.7, kRounding);
  EXPECT_NEAR(counts.MajorityBaseline().value(), 0.4, kRounding);
  EXPECT_NEAR(counts.F1(0).value(), 6.0 / 8, kRounding);
  EXPECT_NEAR(counts.MacroF1().value(), (6.0 / 8 + 4.0 / 6 + 4.0 / 6) / 3, kRounding);
}

TEST(Kappa, IsUndefinedWhereChanceAgreesThroughout) {
  EXPECT_FALSE(Classes({{5, 0}, {0, 0}}).Kappa(KappaWeights::kNone).has_value());
  EXPECT_NEAR(Classes({{5, 0}, {0, 0}}).MacroF1().value(), 1, kRounding) << "a class that nobody used has no part in it";
}

TEST(Correlations, AreThoseOfTheirFormulas) {
  const std::vector<ValuePair> rows = {{1, 1}, {2, 2}, {3, 4}};
  // 3 / sqrt(2 x 42 / 9).
  EXPECT_NEAR(PearsonCorrelation(rows).value(), 3 / std::sqrt(2 * 42.0 / 9), kRounding);
  EXPECT_NEAR(SpearmanCorrelation(rows).value(), 1, kRounding);
  EXPECT_NEAR(KendallTauB(rows).value(), 1, kRounding);
}

TEST(Correlations, GiveTiesTheirMeanRank) {
  // Ranks 1, 2.5, 2.5, 4 and 1, 4, 2.5, 2.5: 2.25 / 4.5. Three pairs concordant, one discordant, one tied on either side: 2 / sqrt(5 x 5).
  const std::vector<ValuePair> rows = {{2, 3}, {1, 1}, {3, 2}, {2, 2}};
  EXPECT_NEAR(SpearmanCorrelation(rows).value(), 0.5, kRounding);
  EXPECT_NEAR(KendallTauB(rows).value(), 0.4, kRounding);
}

TEST(Correlations, AreUndefinedWhereOneSideNeverMoves) {
  const std::vector<ValuePair> rows = {{1, 2}, {2, 2}, {3, 2}};
  EXPECT_FALSE(PearsonCorrelation(rows).has_value());
  EXPECT_FALSE(SpearmanCorrelation(rows).has_value());
  EXPECT_FALSE(KendallTauB(rows).has_value());
  EXPECT_FALSE(KendallTauB({}).has_value());
}

TEST(KendallTauB, IsThatOfAllPairs) {
  // A longer list with ties, against the definition pair by pair.
  std::vector<ValuePair> rows;
  for (int i = 0; i < 60; ++i) rows.push_back({static_cast<double>(i * 7 % 11), static_cast<double>(i * 5 % 8)});
  double concordant = 0, discordant = 0, people = 0, grader = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      const double p = rows[i].people - rows[j].people, g = rows[i].grader - rows[j].grader;
      concordant += p * g > 0;
      discordant += p * g < 0;
      people += p != 0;
      grader += g != 0;
    }
  }
  EXPECT_NEAR(KendallTauB(rows).value(), (concordant - discordant) / std::sqrt(people * grader), kRounding);
}

TEST(MeanAbsoluteError, StandsBesideThatOfTheMedian) {
  const std::vector<ValuePair> rows = {{0, 0.5}, {0.25, 0.25}, {1, 0}, {0.5, 1}};
  EXPECT_NEAR(MeanAbsoluteError(rows).value(), 2.0 / 4, kRounding);
  EXPECT_NEAR(MedianBaselineError(rows).value(), (0.5 + 0.25 + 0.5) / 4, kRounding);
  EXPECT_FALSE(MeanAbsoluteError({}).has_value());
}

TEST(Agreement, HasNoFigureOfWhatIsNoNumber) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(AreaUnderRoc(std::vector<ScoredLabel>{{0.1, false}, {nan, true}, {0.9, true}}));
  const std::vector<ValuePair> rows = {{0, 0.5}, {nan, 0.25}, {1, nan}, {0.5, 1}};
  EXPECT_FALSE(SpearmanCorrelation(rows));
  EXPECT_FALSE(KendallTauB(rows));
  EXPECT_FALSE(PearsonCorrelation(rows));
  EXPECT_FALSE(MeanAbsoluteError(rows));
  EXPECT_FALSE(MedianBaselineError(rows));
}

}  // namespace
}  // namespace temper
