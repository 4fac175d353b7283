#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "views/report/report_data.h"

namespace temper {

// Runs from which on a band is an interval: of fewer, the range says more than a t with so few degrees of freedom.
inline constexpr size_t kRunsForInterval = 5;

// A metric over several runs (seeds) of one condition.
struct BandCurve {
  // At every step that all of the runs have: their mean and a band around it. Of 2 to 4 runs the
  // band spans their values. Of 5 and more it is the 95 % interval of their mean, mean -+ t(k - 1)
  // s / sqrt(k) for k runs of standard deviation s. Of one run there is none (empty).
  std::vector<double> steps, mean, low, high;
  // Runs that go on when another has ended, from the last step of all of them on: a mean over fewer of them would jump.
  std::vector<Series> tails;
  size_t num_runs = 0;
};

// runs: step ascending within each; one without a step is left out. Every run's values are smoothed by themselves first (SmoothedValues
// with kSmoothing), as in the report of a single run. The band goes nowhere beyond the scale.
BandCurve BandOver(const std::vector<const Series*>& runs, FigureScale scale = kNoScale);

}  // namespace temper
