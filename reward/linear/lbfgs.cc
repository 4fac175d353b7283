#include "reward/linear/lbfgs.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>

namespace temper {
namespace {

using Vector = std::vector<double>;

constexpr double kSufficientDecrease = 1e-4;
constexpr double kCurvature = 0.9;
constexpr int kMaxTrials = 40;

double Dot(const Vector& a, const Vector& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

void AddScaled(double scale, const Vector& from, Vector* to) {
  for (size_t i = 0; i < from.size(); ++i) (*to)[i] += scale * from[i];
}

double LargestPart(const Vector& v) {
  double largest = 0;
  for (const double each : v) largest = std::max(largest, std::abs(each));
  return largest;
}

struct Pair {
  Vector step, change;  // of x and of the gradient
  double rho = 0;       // 1 / (step . change)
};

// - H g, with H as the pairs have it, the newest last.
Vector Direction(const Vector& gradient, const std::deque<Pair>& pairs) {
  Vector direction = gradient;
  Vector alphas(pairs.size());
  for (size_t i = pairs.size(); i-- > 0;) {
    alphas[i] = pairs[i].rho * Dot(pairs[i].step, direction);
    AddScaled(-alphas[i], pairs[i].change, &direction);
  }
  if (!pairs.empty()) {
    const double scale = 1 / (pairs.back().rho * Dot(pairs.back().change, pairs.back().change));
    for (double& each : direction) each *= scale;
  }
  for (size_t i = 0; i < pairs.size(); ++i) {
    const double beta = pairs[i].rho * Dot(pairs[i].change, direction);
    AddScaled(alphas[i] - beta, pairs[i].step, &direction);
  }
  for (double& each : direction) each = -each;
  return direction;
}

// A point, the value and the gradient there.
struct Point {
  Vector x;
  double value = 0;
  Vector gradient;
};

// The point at a step along the direction that satisfies the weak Wolfe conditions, in *next. False where there is none.
bool Search(Objective* objective, const Point& from, const Vector& direction, double step, Point* next) {
  const double slope = Dot(from.gradient, direction);
  if (!(slope < 0)) return false;
  double low = 0, high = std::numeric_limits<double>::infinity();
  for (int trial = 0; trial < kMaxTrials; ++trial) {
    next->x = from.x;
    AddScaled(step, direction, &next->x);
    next->value = objective->Evaluate(next->x, next->gradient);
    if (!(next->value <= from.value + kSufficientDecrease * step * slope)) {
      high = step;
    } else if (Dot(next->gradient, direction) < kCurvature * slope) {
      low = step;
    } else {
      return true;
    }
    step = std::isinf(high) ? 2 * low : (low + high) / 2;
  }
  return false;
}

}  // namespace

LbfgsResult MinimizeLbfgs(Objective* objective, const LbfgsOptions& options, std::vector<double>* x) {
  Point here{*x, 0, Vector(objective->size())}, next = here;
  here.value = objective->Evaluate(here.x, here.gradient);
  const double enough = options.tolerance * LargestPart(here.gradient);
  std::deque<Pair> pairs;
  LbfgsResult result;
  for (; result.iterations < options.max_iterations; ++result.iterations) {
    result.converged = LargestPart(here.gradient) <= enough;
    if (result.converged) break;
    const Vector direction = Direction(here.gradient, pairs);
    const double first = pairs.empty() ? 1 / std::max(1.0, std::sqrt(Dot(here.gradient, here.gradient))) : 1;
    if (!Search(objective, here, direction, first, &next)) break;
    Pair pair{next.x, next.gradient, 0};
    AddScaled(-1, here.x, &pair.step);
    AddScaled(-1, here.gradient, &pair.change);
    const double curvature = Dot(pair.step, pair.change);
    if (curvature > 0) {
      pair.rho = 1 / curvature;
      pairs.push_back(std::move(pair));
      if (pairs.size() > static_cast<size_t>(options.memory)) pairs.pop_front();
    }
    std::swap(here, next);
  }
  *x = here.x;
  result.value = here.value;
  return result;
}

}  // namespace temper
