#include "evaluation/intervals.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "cluster/base/error.h"
#include "evaluation/quantiles.h"

namespace temper {
namespace {

constexpr double kAlpha = 0.05;
constexpr double kNormalQuantile = 1.959963984540054;
constexpr double kNoVariance = 1e-20;      // of a figure on [0, 1]: less is rounding
constexpr double kLeastTrials = 0.1;       // an interval of fewer yes/no answers is the whole scale
constexpr double kMostCorrelation = 0.75;  // of neighbours in a series: more cannot be told from a trend

// A ratio and what each prompt adds to it: z_i = (numerator_i - ratio denominator_i) / mean denominator, whose mean is 0.
struct Linearised {
  double ratio = 0;
  double completions = 0;
  std::vector<double> z;
};

Linearised Linearise(const std::vector<PromptSums>& prompts) {
  Linearised of;
  double numerator = 0;
  for (const PromptSums& prompt : prompts) numerator += prompt.numerator, of.completions += prompt.denominator;
  of.ratio = numerator / of.completions;
  const double mean = of.completions / static_cast<double>(prompts.size());
  for (const PromptSums& prompt : prompts) of.z.push_back((prompt.numerator - of.ratio * prompt.denominator) / mean);
  return of;
}

double SquaresOver(const std::vector<double>& a, const std::vector<double>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

// Variance of the mean of values whose mean is 0; 0 of a single one.
double VarianceOfMean(const std::vector<double>& z) {
  const auto m = static_cast<double>(z.size());
  return z.size() < 2 ? 0 : SquaresOver(z, z) / (m - 1) / m;
}

// A share of [0, 1] over prompts.
struct Share {
  double p = 0;
  double variance = 0;
  double completions = 0;
  size_t prompts = 0;
};

double TrialsOf(const Share& share, double alpha) {
  if (share.prompts < 2) return 1;
  if (share.variance <= kNoVariance) return static_cast<double>(share.prompts);
  const double factor =
      StudentQuantile(std::numeric_limits<double>::infinity(), alpha) / StudentQuantile(static_cast<double>(share.prompts - 1), alpha);
  return std::min(share.completions, share.p * (1 - share.p) / share.variance * factor * factor);
}

Bounds BoundsOf(const Share& share, double alpha) {
  const double trials = TrialsOf(share, alpha);
  return trials < kLeastTrials ? Bounds{} : ShareBounds(share.p * trials, trials, alpha);
}

// A ratio on a bounded scale, moved to [0, 1].
Share ShareOf(const Linearised& of, FigureScale scale) {
  const double width = scale.high - scale.low;
  return {std::clamp((of.ratio - scale.low) / width, 0.0, 1.0), VarianceOfMean(of.z) / (width * width), of.completions, of.z.size()};
}

Bounds OnScale(Bounds share, FigureScale scale) {
  return {scale.low + (scale.high - scale.low) * share.low, scale.low + (scale.high - scale.low) * share.high};
}

std::vector<PromptSums> ThatCount(const std::vector<PromptSums>& all) {
  std::vector<PromptSums> prompts;
  std::copy_if(all.begin(), all.end(), std::back_inserter(prompts), [](const PromptSums& p) { return p.denominator > 0; });
  return prompts;
}

void CountFew(const std::vector<PromptSums>& prompts, FigureScale scale, Estimate* estimate) {
  int64_t with = 0, without = 0;
  for (const PromptSums& prompt : prompts) {
    const double events = (prompt.numerator - scale.low * prompt.denominator) / (scale.high - scale.low);
    with += events > 0 ? 1 : 0;
    without += events < prompt.denominator ? 1 : 0;
  }
  estimate->few = estimate->n < kFewPrompts || (scale.yes_or_no && std::min(with, without) < kFewEvents);
}

// The part of the difference that lies on one side of 0, as a share of the scale.
Share SideOf(const std::vector<double>& differences, double sign, double completions, std::vector<double>* centred) {
  Share share{0, 0, completions, differences.size()};
  for (const double difference : differences) centred->push_back(std::max(sign * difference, 0.0));
  share.p = std::min(1.0, std::accumulate(centred->begin(), centred->end(), 0.0) / static_cast<double>(differences.size()));
  for (double& value : *centred) value -= share.p;
  share.variance = VarianceOfMean(*centred);
  return share;
}

// up - down with the correlation of the two; all within [-1, 1].
Bounds DifferenceBounds(const Share& up, const Share& down, double correlation, double alpha) {
  const Bounds of_up = BoundsOf(up, alpha), of_down = BoundsOf(down, alpha);
  const auto half = [&](double x, double y) { return std::sqrt(std::max(0.0, x * x + y * y - 2 * correlation * x * y)); };
  const double difference = up.p - down.p;
  return {std::max(-1.0, difference - half(up.p - of_up.low, of_down.high - down.p)),
          std::min(1.0, difference + half(of_up.high - up.p, down.p - of_down.low))};
}

// The smallest alpha at which the interval leaves 0 out, to a hundredth of itself, where it does so at 5 %.
template <typename BoundsAt>
double PValueOfZero(BoundsAt bounds_at) {
  const auto excludes = [&](double alpha) {
    const Bounds bounds = bounds_at(alpha);
    return bounds.low > 0 || bounds.high < 0;
  };
  double low = 1e-12, high = kAlpha;
  if (!excludes(high)) return 1;
  if (excludes(low)) return low;
  while (high / low > 1.01) {
    const double middle = std::sqrt(low * high);
    (excludes(middle) ? high : low) = middle;
  }
  return high;
}

double MeanSquareOfSteps(const std::vector<double>& values, size_t lag) {
  double sum = 0;
  for (size_t i = lag; i < values.size(); ++i) sum += (values[i] - values[i - lag]) * (values[i] - values[i - lag]);
  return sum / static_cast<double>(values.size() - lag);
}

// Variance of the difference of the means of the first and the last `window` of n values of variance 1 and correlation r^distance.
double VarianceOfRise(size_t n, size_t window, double r) {
  const auto w = static_cast<double>(window);
  double within = w, between = 0;
  for (size_t k = 1; k < window; ++k) within += 2 * (w - static_cast<double>(k)) * std::pow(r, static_cast<double>(k));
  for (size_t i = 0; i < window; ++i) {
    for (size_t j = n - window; j < n; ++j) between += std::pow(r, static_cast<double>(j - i));
  }
  return 2 * (within - between) / (w * w);
}

// How far one bound of the mean over runs lies from it; b and own: variances on this side.
struct SideOfRuns {
  double half = 0;
  double p_zero = 1;  // were 0 on this side
};

SideOfRuns RunsSide(double mean, size_t runs, double a, double b, double own) {
  const double df = static_cast<double>(runs - 1);
  const double ratio = a > 0 ? (a + b) / a : std::numeric_limits<double>::infinity();
  const double normal = std::numeric_limits<double>::infinity();
  SideOfRuns side{0, 0};
  for (const auto& [variance, degrees] : {std::pair{a + b, df * ratio * ratio}, std::pair{own, normal}}) {
    if (variance <= 0) continue;
    side.half = std::max(side.half, StudentQuantile(degrees) * std::sqrt(variance));
    side.p_zero = std::max(side.p_zero, StudentTail(std::abs(mean) / std::sqrt(variance), degrees));
  }
  return side;
}

double Squared(double value) { return std::isfinite(value) ? value * value : 0; }

}  // namespace

Estimate RatioOverPrompts(const std::vector<PromptSums>& all, FigureScale scale) {
  const std::vector<PromptSums> prompts = ThatCount(all);
  Estimate estimate;
  if (prompts.empty()) return estimate;
  const Linearised of = Linearise(prompts);
  estimate.present = true;
  estimate.mean = of.ratio;
  estimate.n = static_cast<int64_t>(prompts.size());
  estimate.completions = std::llround(of.completions);
  const double variance = VarianceOfMean(of.z);
  CountFew(prompts, scale, &estimate);
  if (scale.bounded()) {
    const Bounds bounds = OnScale(BoundsOf(ShareOf(of, scale), kAlpha), scale);
    estimate.low = bounds.low, estimate.high = bounds.high;
  } else if (variance > kNoVariance * std::max(1.0, of.ratio * of.ratio)) {
    const double half = StudentQuantile(static_cast<double>(prompts.size() - 1)) * std::sqrt(variance);
    estimate.low = of.ratio - half;
    estimate.high = of.ratio + half;
  }
  return estimate;
}

Bounds RatioBounds(const std::vector<PromptSums>& all, FigureScale scale, double alpha) {
  TEMPER_CHECK(scale.bounded(), "bounds of a ratio at a level are asked for on a scale without bounds");
  const std::vector<PromptSums> prompts = ThatCount(all);
  return prompts.empty() ? Bounds{scale.low, scale.high} : OnScale(BoundsOf(ShareOf(Linearise(prompts), scale), alpha), scale);
}

Estimate DifferenceOverPrompts(const std::vector<PromptSums>& all_a, const std::vector<PromptSums>& all_b, FigureScale scale) {
  std::vector<PromptSums> a, b;
  bool any_a = false, any_b = false;
  for (size_t i = 0; i < all_a.size(); ++i) {
    if (all_a[i].denominator == 0 && all_b[i].denominator == 0) continue;
    a.push_back(all_a[i]), b.push_back(all_b[i]);
    any_a = any_a || a.back().denominator > 0;
    any_b = any_b || b.back().denominator > 0;
  }
  Estimate estimate;
  if (!any_a || !any_b) return estimate;
  const Linearised of_a = Linearise(a), of_b = Linearise(b);
  const double width = scale.high - scale.low, difference = of_a.ratio - of_b.ratio;
  std::vector<double> differences, up_z, down_z;
  int64_t differ = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    differences.push_back((difference + of_a.z[i] - of_b.z[i]) / width);
    differ += std::abs(differences.back()) > 1e-12 ? 1 : 0;
  }
  const double completions = std::min(of_a.completions, of_b.completions);
  const Share up = SideOf(differences, 1, completions, &up_z), down = SideOf(differences, -1, completions, &down_z);
  const double spread = std::sqrt(SquaresOver(up_z, up_z) * SquaresOver(down_z, down_z));
  const double correlation = spread > 0 ? SquaresOver(up_z, down_z) / spread : 0;
  const auto bounds_at = [&](double alpha) { return DifferenceBounds(up, down, correlation, alpha); };
  const Bounds bounds = bounds_at(kAlpha);
  estimate.present = true;
  estimate.mean = difference;
  estimate.low = std::min(difference, width * bounds.low);
  estimate.high = std::max(difference, width * bounds.high);
  estimate.n = static_cast<int64_t>(a.size());
  estimate.completions = std::llround(of_a.completions + of_b.completions);
  estimate.few = estimate.n < kFewPrompts || (scale.yes_or_no && differ < kFewEvents);
  estimate.p_zero = PValueOfZero(bounds_at);
  return estimate;
}

Estimate RiseOfSeries(const std::vector<double>& values, int64_t window) {
  Estimate estimate;
  const size_t n = values.size();
  if (window < 1 || n < 2 * static_cast<size_t>(window)) return estimate;
  const auto w = static_cast<double>(window);
  estimate.present = true;
  estimate.n = 2 * window;
  estimate.mean =
      (std::accumulate(values.end() - window, values.end(), 0.0) - std::accumulate(values.begin(), values.begin() + window, 0.0)) / w;
  if (n < 4) return estimate;
  const double d1 = MeanSquareOfSteps(values, 1), d2 = MeanSquareOfSteps(values, 2);
  if (d1 <= 0) return estimate;
  double r = d2 / d1 - 1;
  r = std::clamp(r + (1 + 3 * std::max(r, 0.0)) / static_cast<double>(n - 2), 0.0, kMostCorrelation);
  const double error = std::sqrt(d1 / 2 / (1 - r) * VarianceOfRise(n, static_cast<size_t>(window), r));
  const double df = std::max(1.0, 2.0 / 3 * static_cast<double>(n - 2) * (1 - r) / (1 + r));
  estimate.low = estimate.mean - StudentQuantile(df) * error;
  estimate.high = estimate.mean + StudentQuantile(df) * error;
  estimate.p_zero = StudentTail(std::abs(estimate.mean) / error, df);
  return estimate;
}

Estimate IntervalOverRuns(const std::vector<Estimate>& runs, const Estimate* pooled, FigureScale scale) {
  Estimate over;
  if (runs.empty()) return over;
  if (runs.size() == 1) over = runs[0];
  over.present = true;
  over.n = static_cast<int64_t>(runs.size());
  over.completions = 0;
  if (runs.size() == 1) return over;
  const auto k = static_cast<double>(runs.size());
  for (const Estimate& run : runs) over.mean += run.mean / k;
  double a = 0, own_below = 0, own_above = 0;
  for (const Estimate& run : runs) {
    over.few = over.few || run.few;
    a += (run.mean - over.mean) * (run.mean - over.mean) / (k - 1) / k;
    own_below += Squared((run.mean - run.low) / kNormalQuantile) / (k * k);
    own_above += Squared((run.high - run.mean) / kNormalQuantile) / (k * k);
  }
  const bool shared = pooled != nullptr && pooled->present && pooled->has_interval();
  if (a <= kNoVariance) a = 0;
  const auto side = [&](double pooled_distance, double own) {
    return shared ? RunsSide(over.mean, runs.size(), a, Squared(pooled_distance / kNormalQuantile), 0)
                  : RunsSide(over.mean, runs.size(), a, 0, own);
  };
  const SideOfRuns below = side(shared ? pooled->mean - pooled->low : 0, own_below);
  const SideOfRuns above = side(shared ? pooled->high - pooled->mean : 0, own_above);
  if (below.half <= 0 && above.half <= 0) return over;
  over.low = std::max(scale.low, over.mean - below.half);
  over.high = std::min(scale.high, over.mean + above.half);
  over.p_zero = over.low > 0 ? below.p_zero : over.high < 0 ? above.p_zero : 1;
  return over;
}

void SettleSigns(const std::vector<Estimate*>& family) {
  std::vector<Estimate*> ordered;
  std::copy_if(family.begin(), family.end(), std::back_inserter(ordered), [](const Estimate* estimate) { return estimate->present; });
  std::stable_sort(ordered.begin(), ordered.end(), [](const Estimate* a, const Estimate* b) { return a->p_zero < b->p_zero; });
  bool stands = true;
  for (size_t i = 0; i < ordered.size(); ++i) {
    stands = stands && ordered[i]->p_zero * static_cast<double>(ordered.size() - i) <= kAlpha;
    ordered[i]->settled = stands;
  }
}

}  // namespace temper
