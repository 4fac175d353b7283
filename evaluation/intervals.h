#pragma once

#include <vector>

#include "evaluation/estimate.h"
#include "evaluation/quantiles.h"

namespace temper {

// Intervals of 95 %. What they cover is simulated in tests/evaluation/coverage_test.cc.

// Sums over the completions of one prompt that count for a figure: the figure is sum(numerator) / sum(denominator) over prompts.
struct PromptSums {
  double numerator = 0;
  double denominator = 0;  // completions; 0 = none of this prompt counts
};

// A ratio over prompts, whose completions are alike: var is its linearised variance between prompts.
//   On a bounded scale (Korn and Graubard 1998): p = the figure moved to [0, 1] stands for p n of n yes/no answers, n = p (1 - p) / var
//   (1.96 / t(prompts - 1))^2, at most the completions, and has Clopper and Pearson's interval. Where var is 0, n = prompts; where there is
//   one prompt, n = 1.
//   Else figure +- t(prompts - 1) sqrt(var); no interval where var is 0 or there is one prompt.
// Prompts without a completion that counts are left out; not present where there is no other.
Estimate RatioOverPrompts(const std::vector<PromptSums>& prompts, FigureScale scale);

// The interval of RatioOverPrompts on a bounded scale at a level of its own. The truth lies outside with a chance of at most alpha, and
// beyond either bound with at most alpha / 2. The whole scale where no prompt counts. Throws Error where the scale has no bounds.
Bounds RatioBounds(const std::vector<PromptSums>& prompts, FigureScale scale, double alpha);

// a - b of two ratios over the same prompts (parallel), on a bounded scale. D_i = (a - b) + z_a,i -
// z_b,i is what prompt i says of it, z the linearised ratio. a - b is then mean(max(D, 0)) -
// mean(max(-D, 0)), two shares of the scale with an interval each as above. They are put together
// by the method of variance estimates recovery (Zou and Donner 2008) with the correlation of the
// two. Prompts that agree throughout leave the interval that so many agreements allow. A prompt
// counts that has completions on either side; not present where a side has none.
Estimate DifferenceOverPrompts(const std::vector<PromptSums>& a, const std::vector<PromptSums>& b, FigureScale scale);

// Mean of the last `window` values of a series minus that of the first (2 window <= values).
// Neighbours may be correlated. d1 and d2 are the mean squares of differences between neighbours
// and next neighbours of the whole series, which a slow trend hardly moves. The correlation of
// neighbours is r = d2 / d1 - 1, plus (1 + 3 r) / (n - 2) for its bias, within [0, 0.75]. The
// variance of a value is d1 / 2 / (1 - r). Windows get the variance of means of an autoregressive
// series, and t with 2/3 (n - 2) (1 - r) / (1 + r) degrees of freedom. No interval below four
// values or where the series does not move.
Estimate RiseOfSeries(const std::vector<double>& values, int64_t window);

// A figure over several runs (seeds): the mean of the runs' figures m_1 .. m_k; n = k.
//   k = 1: the run's own interval.
//   k > 1: on either side mean -+ t(df) sqrt(a + b), never beyond the scale, with a = s^2 / k for s the standard deviation of the m_i: the
//          luck of training, and of the prompts where each run has its own. Where all runs answer the same prompts, that luck is common to
//          them and not in s: b is then its variance, from `pooled`, the figure over those prompts with the completions of all runs:
//          (distance of its bound / 1.96)^2. df = (k - 1) ((a + b) / a)^2 (Welch-Satterthwaite, b taken as known). Without `pooled` b = 0,
//          and the interval is at least what the runs' own ones leave of their mean: sqrt(sum of squared distances) / k.
// Runs in which the figure is undefined are left out by the caller; not present where there is none.
Estimate IntervalOverRuns(const std::vector<Estimate>& runs, const Estimate* pooled, FigureScale scale);

// Holm's correction: marks as settled those estimates whose sign stands when all of the family together err with at most 5 %.
void SettleSigns(const std::vector<Estimate*>& family);

}  // namespace temper
