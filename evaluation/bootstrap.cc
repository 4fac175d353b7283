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

using Groups = std::vector<std::vector<size_t>>;  // the rows of each

// The groups of each stratum; of one where `strata` is empty.
std::vector<Groups> GroupsByStratum(const std::vector<std::string>& groups, const std::vector<std::string>& strata) {
  struct Stratum {
    size_t place = 0;
    std::map<std::string, size_t> groups;
  };
  std::map<std::string, Stratum> known;
  std::vector<Groups> out;
  for (size_t i = 0; i < groups.size(); ++i) {
    const auto [stratum, is_new_stratum] = known.emplace(strata.empty() ? "" : strata[i], Stratum{out.size(), {}});
    if (is_new_stratum) out.emplace_back();
    Groups& of = out[stratum->second.place];
    const auto [place, is_new] = stratum->second.groups.emplace(groups[i], of.size());
    if (is_new) of.emplace_back();
    of[place->second].push_back(i);
  }
  return out;
}

// As many groups of each stratum as it has, drawn with replacement.
void Draw(const std::vector<Groups>& strata, KeyedStream* random, std::vector<size_t>* rows) {
  rows->clear();
  for (const Groups& groups : strata) {
    for (size_t i = 0; i < groups.size(); ++i) {
      const std::vector<size_t>& drawn = groups[random->Below(groups.size())];
      rows->insert(rows->end(), drawn.begin(), drawn.end());
    }
  }
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
                                        const BootstrapOptions& options, const std::vector<std::string>& strata) {
  TEMPER_CHECK(strata.empty() || strata.size() == groups.size(), strata.size(), " strata of ", groups.size(), " rows");
  const std::vector<Groups> by_stratum = GroupsByStratum(groups, strata);
  size_t num_groups = 0, most = 0;
  for (const Groups& of : by_stratum) {
    num_groups += of.size();
    most = std::max(most, of.size());
  }
  std::vector<size_t> rows(groups.size());
  std::iota(rows.begin(), rows.end(), 0);
  std::vector<Estimate> estimates;
  for (const std::optional<double>& figure : figures(rows)) {
    Estimate estimate;
    estimate.present = figure.has_value();
    estimate.mean = figure.value_or(0);
    estimate.n = static_cast<int64_t>(num_groups);
    estimate.completions = static_cast<int64_t>(groups.size());
    estimate.few = estimate.n < kFewPrompts;
    estimates.push_back(estimate);
  }
  if (most < 2) return estimates;
  std::vector<std::vector<double>> resampled(estimates.size());
  for (int64_t b = 0; b < options.resamples; ++b) {
    KeyedStream random(options.seed, "bootstrap over groups", static_cast<uint64_t>(b));
    Draw(by_stratum, &random, &rows);
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
