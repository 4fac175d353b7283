#include "evaluation/intervals.h"

#include <cmath>
#include <limits>
#include <numbers>

namespace temper {
namespace {

constexpr double kNormalQuantile = 1.959963984540054;
constexpr double kAlmostNormal = 1e6;  // degrees of freedom from which on the difference is below 1e-5

// P(-t < T < t). With t = sqrt(df) tan(x) the density is cos(x)^(df - 1) up to a factor; integrated by Simpson's rule.
double Coverage(double t, double df) {
  constexpr int kPanels = 400;
  const double end = std::atan(t / std::sqrt(df));
  const auto density = [df](double x) { return std::pow(std::cos(x), df - 1); };
  double sum = density(0) + density(end);
  for (int i = 1; i < kPanels; ++i) sum += (i % 2 == 1 ? 4 : 2) * density(end * i / kPanels);
  const double half = sum * end / kPanels / 3;
  const double whole = std::exp(std::lgamma(df / 2) - std::lgamma((df + 1) / 2)) * std::sqrt(std::numbers::pi) / 2;
  return half / whole;
}

}  // namespace

double StudentQuantile(double degrees_of_freedom) {
  if (degrees_of_freedom >= kAlmostNormal) return kNormalQuantile;
  double low = 1.9, high = 13;  // 12.71 for one degree of freedom, less for more
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (Coverage(middle, degrees_of_freedom) < 0.95 ? low : high) = middle;
  }
  return (low + high) / 2;
}

Estimate IntervalOverRuns(const std::vector<Estimate>& runs, const Estimate* pooled) {
  Estimate over;
  over.present = !runs.empty();
  over.n = static_cast<int64_t>(runs.size());
  if (runs.empty()) return over;
  const auto k = static_cast<double>(runs.size());
  for (const Estimate& run : runs) over.mean += run.mean / k;
  if (runs.size() == 1) {
    over.low = runs[0].low;
    over.high = runs[0].high;
    return over;
  }
  double runs_variance = 0;
  for (const Estimate& run : runs) runs_variance += (run.mean - over.mean) * (run.mean - over.mean) / (k - 1) / k;
  const double prompts_error = pooled != nullptr && pooled->present ? (pooled->high - pooled->low) / (2 * kNormalQuantile) : 0;
  const double variance = runs_variance + prompts_error * prompts_error;
  const double ratio = runs_variance > 0 ? variance / runs_variance : std::numeric_limits<double>::infinity();
  const double half = variance > 0 ? StudentQuantile((k - 1) * ratio * ratio) * std::sqrt(variance) : 0;
  over.low = over.mean - half;
  over.high = over.mean + half;
  return over;
}

}  // namespace temper
