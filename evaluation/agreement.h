#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace temper {

// Bins of equal width of the expected calibration error, wherever it is given.
inline constexpr int kCalibrationBins = 10;

// How far what a grader says agrees with what people say. Figures of rows, without intervals (evaluation/bootstrap.h has them). A figure
// that is undefined for the rows (no rows, one class only, a value that never moves) is absent, and never 0.

// A row that people called yes or no, and the score that a grader gave it: the higher, the more it means yes.
struct ScoredLabel {
  double score = 0;
  bool positive = false;
};

// Rows by what people said (first word: true where the grader agrees) and what the grader said (second).
struct BinaryCounts {
  int64_t true_positive = 0;
  int64_t false_positive = 0;
  int64_t false_negative = 0;
  int64_t true_negative = 0;

  int64_t rows() const { return true_positive + false_positive + false_negative + true_negative; }
  std::optional<double> Accuracy() const;
  std::optional<double> Precision() const;  // of what the grader calls yes, the share that is
  std::optional<double> Recall() const;     // of what is yes, the share that the grader calls so
  std::optional<double> F1() const;         // 2 tp / (2 tp + fp + fn)
  // The accuracy of always saying what more rows are.
  std::optional<double> MajorityBaseline() const;
};

// A score of at least the threshold means yes.
BinaryCounts CountBinary(std::span<const ScoredLabel> rows, double threshold);

// P(score of a positive > score of a negative) + P(equal) / 2: the area under the ROC curve, as Mann and Whitney's U over the pairs. Needs
// rows of both classes.
std::optional<double> AreaUnderRoc(std::span<const ScoredLabel> rows);

// Expected calibration error of a score that is meant as the probability of yes (Naeini et al.
// 2015, over the positive class). Rows fall into `bins` bins of equal width over [0, 1], of which
// the last has its upper edge. The error is the sum over bins of (rows in it / rows) |share of
// positives - mean score|. Absent where a score is outside [0, 1].
std::optional<double> CalibrationError(std::span<const ScoredLabel> rows, int bins);

// How much a disagreement by that many classes counts: all alike (Cohen 1960), by distance, by its square (Cohen 1968).
enum class KappaWeights : uint8_t { kNone, kLinear, kQuadratic };

// Rows by the class that people said and the one that a grader said.
class ClassCounts {
 public:
  explicit ClassCounts(size_t classes) : classes_(classes), counts_(classes * classes) {}
  void Add(size_t people, size_t grader, int64_t rows = 1) { counts_.at(people * classes_ + grader) += rows; }  // both below classes()
  int64_t at(size_t people, size_t grader) const { return counts_.at(people * classes_ + grader); }
  size_t classes() const { return classes_; }
  int64_t rows() const;

  std::optional<double> Accuracy() const;
  std::optional<double> MajorityBaseline() const;
  std::optional<double> F1(size_t of) const;  // of one class against the others
  std::optional<double> MacroF1() const;      // mean over the classes that people or the grader used
  // 1 - observed / expected disagreement, with the classes in their order. Absent where chance alone would agree throughout.
  std::optional<double> Kappa(KappaWeights weights) const;

 private:
  size_t classes_;
  std::vector<int64_t> counts_;  // [people][grader]
};

// A number of people's and a grader's of the same row.
struct ValuePair {
  double people = 0;
  double grader = 0;
};
std::optional<double> MeanAbsoluteError(std::span<const ValuePair> rows);
// The least mean absolute error that one number for all rows has: that of the median.
std::optional<double> MedianBaselineError(std::span<const ValuePair> rows);
std::optional<double> PearsonCorrelation(std::span<const ValuePair> rows);
// Pearson's of the ranks, ties with their mean rank.
std::optional<double> SpearmanCorrelation(std::span<const ValuePair> rows);
// tau-b: (concordant - discordant) / sqrt(pairs not tied for people x pairs not tied for the grader), by Knight's merge sort (1966).
std::optional<double> KendallTauB(std::span<const ValuePair> rows);

}  // namespace temper
