#include "evaluation/bootstrap.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"

namespace temper {
namespace {

constexpr double kTail = 0.025;
constexpr double kMostUndefined = 0.1;  // of the resamples

// Linear between order statistics. values: sorted, not empty.
double PercentileOf(const std::vector<double>& values, double share) {
  const double place = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (place - static_cast<double>(below)) * (values[above] - values[below]);
}

std::vector<std::vector<size_t>> RowsByGroup(const std::vector<std::string>& groups) {
  std::map<std::string, size_t> places;
  std::vector<std::vector<size_t>> rows;
  for (size_t i = 0; i < groups.size(); ++i) {
    const auto [place, is_new] = places.emplace(groups[i], rows.size());
    if (is_new) rows.emplace_back();
    rows[place->second].push_back(i);
  }
  return rows;
}

void SetInterval(std::vector<double> values, int64_t resamples, Estimate* estimate) {
  const auto least = static_cast<size_t>((1 - kMostUndefined) * static_cast<double>(resamples));
  if (values.size() < 2 || values.size() < least) return;
  std::sort(values.begin(), values.end());
  if (values.front() == values.back()) return;
  estimate->low = PercentileOf(values, kTail);
  estimate->high = PercentileOf(values, 1 - kTail);
}

}  // namespace

std::vector<Estimate> FiguresOverGroups(const std::vector<std::string>& groups, const FiguresOfRows& figures,
                                        const BootstrapOptions& options) {
  const std::vector<std::vector<size_t>> by_group = RowsByGroup(groups);
  std::vector<size_t> rows(groups.size());
  std::iota(rows.begin(), rows.end(), 0);
  std::vector<Estimate> estimates;
  for (const std::optional<double>& figure : figures(rows)) {
    Estimate estimate;
    estimate.present = figure.has_value();
    estimate.mean = figure.value_or(0);
    estimate.n = static_cast<int64_t>(by_group.size());
    estimate.completions = static_cast<int64_t>(groups.size());
    estimate.few = estimate.n < kFewPrompts;
    estimates.push_back(estimate);
  }
  if (by_group.size() < 2) return estimates;
  std::vector<std::vector<double>> resampled(estimates.size());
  for (int64_t b = 0; b < options.resamples; ++b) {
    KeyedStream random(options.seed, "bootstrap over groups", static_cast<uint64_t>(b));
    rows.clear();
    for (size_t i = 0; i < by_group.size(); ++i) {
      const std::vector<size_t>& drawn = by_group[random.Below(by_group.size())];
      rows.insert(rows.end(), drawn.begin(), drawn.end());
    }
    const std::vector<std::optional<double>> of_resample = figures(rows);
    TEMPER_CHECK(of_resample.size() == estimates.size(), "a resample has ", of_resample.size(), " figures instead of ", estimates.size());
    for (size_t f = 0; f < of_resample.size(); ++f)
      if (of_resample[f]) resampled[f].push_back(*of_resample[f]);
  }
  for (size_t f = 0; f < estimates.size(); ++f)
    if (estimates[f].present) SetInterval(std::move(resampled[f]), options.resamples, &estimates[f]);
  return estimates;
}

}  // namespace temper
