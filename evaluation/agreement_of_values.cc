// The part of agreement.h that compares numbers: errors and correlations.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "evaluation/agreement.h"

namespace temper {
namespace {

// A value that is no number has no place in an order.
bool HasNan(std::span<const ValuePair> rows) {
  return std::any_of(rows.begin(), rows.end(), [](const ValuePair& row) { return std::isnan(row.people) || std::isnan(row.grader); });
}

// The ranks of the values, 1 for the least; ties have the mean of theirs.
std::vector<double> RanksOf(const std::vector<double>& values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    for (size_t i = begin; i < end; ++i) ranks[order[i]] = (static_cast<double>(begin + 1) + static_cast<double>(end)) / 2;
    begin = end;
  }
  return ranks;
}

// Sorts the values and returns how many pairs were out of order (ties are in order).
int64_t SortAndCountInversions(std::span<double> values, std::span<double> scratch) {
  if (values.size() < 2) return 0;
  const size_t half = values.size() / 2;
  int64_t inversions = SortAndCountInversions(values.subspan(0, half), scratch.subspan(0, half)) +
                       SortAndCountInversions(values.subspan(half), scratch.subspan(half));
  size_t left = 0, right = half;
  for (double& out : scratch) {
    const bool take_right = left == half || (right < values.size() && values[right] < values[left]);
    if (take_right) inversions += static_cast<int64_t>(half - left);
    out = take_right ? values[right++] : values[left++];
  }
  std::copy(scratch.begin(), scratch.end(), values.begin());
  return inversions;
}

double Pairs(double n) { return n * (n - 1) / 2; }

// Pairs that are equal, of a sorted list.
template <typename Equal>
double TiedPairs(std::span<const ValuePair> sorted, Equal equal) {
  double tied = 0;
  for (size_t begin = 0; begin < sorted.size();) {
    size_t end = begin;
    while (end < sorted.size() && equal(sorted[begin], sorted[end])) ++end;
    tied += Pairs(static_cast<double>(end - begin));
    begin = end;
  }
  return tied;
}

}  // namespace

std::optional<double> MeanAbsoluteError(std::span<const ValuePair> rows) {
  if (rows.empty() || HasNan(rows)) return std::nullopt;
  double sum = 0;
  for (const ValuePair& row : rows) sum += std::abs(row.people - row.grader);
  return sum / static_cast<double>(rows.size());
}

std::optional<double> MedianBaselineError(std::span<const ValuePair> rows) {
  if (rows.empty() || HasNan(rows)) return std::nullopt;
  std::vector<double> people;
  for (const ValuePair& row : rows) people.push_back(row.people);
  const auto middle = people.begin() + static_cast<std::ptrdiff_t>(people.size() / 2);
  std::nth_element(people.begin(), middle, people.end());
  const double median = *middle;  // between the two middle ones of an even number every value has the same error
  double sum = 0;
  for (const double value : people) sum += std::abs(value - median);
  return sum / static_cast<double>(people.size());
}

std::optional<double> PearsonCorrelation(std::span<const ValuePair> rows) {
  if (rows.size() < 2 || HasNan(rows)) return std::nullopt;
  ValuePair mean;
  for (const ValuePair& row : rows) mean.people += row.people, mean.grader += row.grader;
  mean.people /= static_cast<double>(rows.size());
  mean.grader /= static_cast<double>(rows.size());
  double people = 0, grader = 0, both = 0;
  for (const ValuePair& row : rows) {
    const double p = row.people - mean.people, g = row.grader - mean.grader;
    people += p * p;
    grader += g * g;
    both += p * g;
  }
  if (people <= 0 || grader <= 0) return std::nullopt;
  return std::clamp(both / std::sqrt(people * grader), -1.0, 1.0);
}

std::optional<double> SpearmanCorrelation(std::span<const ValuePair> rows) {
  if (HasNan(rows)) return std::nullopt;
  std::vector<double> people, grader;
  for (const ValuePair& row : rows) people.push_back(row.people), grader.push_back(row.grader);
  people = RanksOf(people);
  grader = RanksOf(grader);
  std::vector<ValuePair> ranks;
  for (size_t i = 0; i < rows.size(); ++i) ranks.push_back({people[i], grader[i]});
  return PearsonCorrelation(ranks);
}

std::optional<double> KendallTauB(std::span<const ValuePair> rows) {
  if (HasNan(rows)) return std::nullopt;
  std::vector<ValuePair> sorted(rows.begin(), rows.end());
  std::sort(sorted.begin(), sorted.end(),
            [](const ValuePair& a, const ValuePair& b) { return a.people != b.people ? a.people < b.people : a.grader < b.grader; });
  const double tied_people = TiedPairs(sorted, [](const ValuePair& a, const ValuePair& b) { return a.people == b.people; });
  const double tied_both =
      TiedPairs(sorted, [](const ValuePair& a, const ValuePair& b) { return a.people == b.people && a.grader == b.grader; });
  std::vector<double> grader, scratch(sorted.size());
  for (const ValuePair& row : sorted) grader.push_back(row.grader);
  const auto discordant = static_cast<double>(SortAndCountInversions(grader, scratch));
  for (size_t i = 0; i < sorted.size(); ++i) sorted[i] = {0, grader[i]};
  const double tied_grader = TiedPairs(sorted, [](const ValuePair& a, const ValuePair& b) { return a.grader == b.grader; });
  const double pairs = Pairs(static_cast<double>(rows.size()));
  const double concordant = pairs - tied_people - tied_grader + tied_both - discordant;
  const double comparable = (pairs - tied_people) * (pairs - tied_grader);
  if (comparable <= 0) return std::nullopt;
  return (concordant - discordant) / std::sqrt(comparable);
}

}  // namespace temper
