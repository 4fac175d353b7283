#include "evaluation/agreement.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace temper {
namespace {

std::optional<double> ShareOrNone(int64_t part, int64_t whole) {
  if (whole == 0) return std::nullopt;
  return static_cast<double>(part) / static_cast<double>(whole);
}

double DisagreementWeight(KappaWeights weights, size_t a, size_t b) {
  const double distance = std::abs(static_cast<double>(a) - static_cast<double>(b));
  if (weights == KappaWeights::kNone) return distance > 0 ? 1 : 0;
  return weights == KappaWeights::kLinear ? distance : distance * distance;
}

}  // namespace

std::optional<double> BinaryCounts::Accuracy() const { return ShareOrNone(true_positive + true_negative, rows()); }

std::optional<double> BinaryCounts::Precision() const { return ShareOrNone(true_positive, true_positive + false_positive); }

std::optional<double> BinaryCounts::Recall() const { return ShareOrNone(true_positive, true_positive + false_negative); }

std::optional<double> BinaryCounts::F1() const {
  return ShareOrNone(2 * true_positive, 2 * true_positive + false_positive + false_negative);
}

std::optional<double> BinaryCounts::MajorityBaseline() const {
  return ShareOrNone(std::max(true_positive + false_negative, true_negative + false_positive), rows());
}

BinaryCounts CountBinary(std::span<const ScoredLabel> rows, double threshold) {
  BinaryCounts counts;
  for (const ScoredLabel& row : rows) {
    const bool yes = row.score >= threshold;
    counts.true_positive += yes && row.positive;
    counts.false_positive += yes && !row.positive;
    counts.false_negative += !yes && row.positive;
    counts.true_negative += !yes && !row.positive;
  }
  return counts;
}

std::optional<double> AreaUnderRoc(std::span<const ScoredLabel> rows) {
  if (std::any_of(rows.begin(), rows.end(), [](const ScoredLabel& row) { return std::isnan(row.score); })) return std::nullopt;
  std::vector<ScoredLabel> sorted(rows.begin(), rows.end());
  std::sort(sorted.begin(), sorted.end(), [](const ScoredLabel& a, const ScoredLabel& b) { return a.score < b.score; });
  double pairs_won = 0, negatives = 0, positives = 0;
  for (size_t begin = 0; begin < sorted.size();) {
    size_t end = begin;
    double tied_positives = 0, tied_negatives = 0;
    for (; end < sorted.size() && sorted[end].score == sorted[begin].score; ++end)
      (sorted[end].positive ? tied_positives : tied_negatives) += 1;
    pairs_won += tied_positives * (negatives + tied_negatives / 2);
    positives += tied_positives;
    negatives += tied_negatives;
    begin = end;
  }
  if (positives == 0 || negatives == 0) return std::nullopt;
  return pairs_won / (positives * negatives);
}

std::optional<double> CalibrationError(std::span<const ScoredLabel> rows, int bins) {
  struct Bin {
    double scores = 0, positives = 0;
  };
  std::vector<Bin> by_score(static_cast<size_t>(bins));
  for (const ScoredLabel& row : rows) {
    if (!(row.score >= 0 && row.score <= 1)) return std::nullopt;
    Bin& bin = by_score[static_cast<size_t>(std::min(bins - 1, static_cast<int>(row.score * bins)))];
    bin.scores += row.score;
    bin.positives += row.positive ? 1 : 0;
  }
  if (rows.empty()) return std::nullopt;
  double error = 0;
  for (const Bin& bin : by_score) error += std::abs(bin.positives - bin.scores);
  return error / static_cast<double>(rows.size());
}

int64_t ClassCounts::rows() const {
  int64_t sum = 0;
  for (const int64_t count : counts_) sum += count;
  return sum;
}

std::optional<double> ClassCounts::Accuracy() const {
  int64_t agreed = 0;
  for (size_t c = 0; c < classes_; ++c) agreed += at(c, c);
  return ShareOrNone(agreed, rows());
}

std::optional<double> ClassCounts::MajorityBaseline() const {
  int64_t most = 0;
  for (size_t people = 0; people < classes_; ++people) {
    int64_t count = 0;
    for (size_t grader = 0; grader < classes_; ++grader) count += at(people, grader);
    most = std::max(most, count);
  }
  return ShareOrNone(most, rows());
}

std::optional<double> ClassCounts::F1(size_t of) const {
  int64_t said_by_either = 0;  // 2 tp + fp + fn
  for (size_t c = 0; c < classes_; ++c) said_by_either += at(of, c) + at(c, of);
  return ShareOrNone(2 * at(of, of), said_by_either);
}

std::optional<double> ClassCounts::MacroF1() const {
  double sum = 0, used = 0;
  for (size_t c = 0; c < classes_; ++c) {
    const std::optional<double> f1 = F1(c);
    if (!f1) continue;
    sum += *f1;
    used += 1;
  }
  if (used == 0) return std::nullopt;
  return sum / used;
}

std::optional<double> ClassCounts::Kappa(KappaWeights weights) const {
  std::vector<double> by_people(classes_), by_grader(classes_);
  double observed = 0;
  for (size_t people = 0; people < classes_; ++people) {
    for (size_t grader = 0; grader < classes_; ++grader) {
      const auto count = static_cast<double>(at(people, grader));
      by_people[people] += count;
      by_grader[grader] += count;
      observed += DisagreementWeight(weights, people, grader) * count;
    }
  }
  double expected = 0;
  for (size_t people = 0; people < classes_; ++people)
    for (size_t grader = 0; grader < classes_; ++grader)
      expected += DisagreementWeight(weights, people, grader) * by_people[people] * by_grader[grader];
  if (expected == 0) return std::nullopt;
  return 1 - observed * static_cast<double>(rows()) / expected;
}

}  // namespace temper
