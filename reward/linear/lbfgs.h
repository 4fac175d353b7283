#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace temper {

// A function of many variables that is to be made small.
class Objective {
 public:
  virtual ~Objective() = default;
  virtual size_t size() const = 0;
  // Its value at x, and its gradient there.
  virtual double Evaluate(std::span<const double> x, std::span<double> gradient) = 0;
};

struct LbfgsOptions {
  int64_t max_iterations = 300;
  int64_t memory = 10;      // pairs that the curvature is estimated from
  double tolerance = 1e-3;  // it ends where no part of the gradient is larger than this share of the largest one at the start
};

struct LbfgsResult {
  double value = 0;
  int64_t iterations = 0;
  bool converged = false;  // false: the iterations were used up, or no step went further down
};

// Minimises by limited-memory BFGS (Nocedal and Wright, Numerical Optimization, algorithm 7.5), with steps that satisfy the weak Wolfe
// conditions by bisection (Lewis and Overton 2013). *x is where it starts, then where it ended.
LbfgsResult MinimizeLbfgs(Objective* objective, const LbfgsOptions& options, std::vector<double>* x);

}  // namespace temper
