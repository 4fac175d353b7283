#pragma once

#include <vector>

#include "evaluation/figures.h"

namespace temper {

// The t with P(-t < T < t) = 0.95 for Student's T with that many degrees of freedom (at least 1, need not be whole); 1.96 for infinity.
double StudentQuantile(double degrees_of_freedom);

// A figure over several runs (seeds): the mean of the runs' figures m_1 .. m_k with a 95 % interval; n = k.
//   k = 1: the run's own interval, a bootstrap over its prompts.
//   k > 1: mean +- t(df) sqrt(a + b), with a = s^2 / k for s the standard deviation of the m_i: the luck of training, and of the prompts
//   where
//          each run has its own. Where all runs answer the same prompts, that luck is common to them and not in s: b is then its variance,
//          from `pooled`, the bootstrap over those prompts with the completions of all runs: ((high - low) / (2 * 1.96))^2. Without, b = 0
//          (pooled null). df = (k - 1) ((a + b) / a)^2 (Welch-Satterthwaite, b taken as known).
// Runs in which the figure is undefined are left out by the caller; not present where there is none.
Estimate IntervalOverRuns(const std::vector<Estimate>& runs, const Estimate* pooled);

}  // namespace temper
