#include "views/compare/band.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "evaluation/quantiles.h"
#include "views/page/svg.h"

namespace temper {
namespace {

void AddPoint(double step, const std::vector<double>& values, FigureScale scale, BandCurve* curve) {
  const auto k = static_cast<double>(values.size());
  double mean = 0, squares = 0;
  for (const double value : values) mean += value / k;
  for (const double value : values) squares += (value - mean) * (value - mean);
  curve->steps.push_back(step);
  curve->mean.push_back(mean);
  if (values.size() < 2) return;
  const bool interval = values.size() >= kRunsForInterval;
  const double half = interval ? StudentQuantile(k - 1) * std::sqrt(squares / (k - 1) / k) : 0;
  curve->low.push_back(interval ? std::max(scale.low, mean - half) : *std::min_element(values.begin(), values.end()));
  curve->high.push_back(interval ? std::min(scale.high, mean + half) : *std::max_element(values.begin(), values.end()));
}

// What a run has from `last`, the last step of all runs, on; nothing where it ends there.
Series TailOf(const Series& run, const std::vector<double>& smoothed, double last) {
  Series tail;
  if (run.steps.back() <= last) return tail;
  for (size_t i = 0; i < run.steps.size(); ++i) {
    if (run.steps[i] < last) continue;
    tail.steps.push_back(run.steps[i]);
    tail.values.push_back(smoothed[i]);
  }
  return tail;
}

}  // namespace

BandCurve BandOver(const std::vector<const Series*>& runs, FigureScale scale) {
  BandCurve curve;
  std::map<double, std::vector<double>> by_step;
  std::vector<std::pair<const Series*, std::vector<double>>> smoothed;
  for (const Series* run : runs) {
    if (run->steps.empty()) continue;
    smoothed.emplace_back(run, SmoothedValues(run->values, kSmoothing));
    for (size_t i = 0; i < run->steps.size(); ++i) by_step[run->steps[i]].push_back(smoothed.back().second[i]);
  }
  curve.num_runs = smoothed.size();
  double last = 0;
  for (const auto& [step, values] : by_step) {
    if (values.size() != smoothed.size()) continue;
    AddPoint(step, values, scale, &curve);
    last = step;
  }
  for (const auto& [run, values] : smoothed) {
    Series tail = TailOf(*run, values, curve.steps.empty() ? run->steps.front() - 1 : last);
    if (!tail.steps.empty()) curve.tails.push_back(std::move(tail));
  }
  return curve;
}

}  // namespace temper
