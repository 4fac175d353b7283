#pragma once

namespace temper {

struct Bounds {
  double low = 0;
  double high = 1;
};

// The t with P(-t < T < t) = 1 - alpha for Student's T with that many degrees of freedom (at least 1, need not be whole; infinity: the
// normal distribution).
double StudentQuantile(double degrees_of_freedom, double alpha = 0.05);

// P(|T| > t) for t >= 0.
double StudentTail(double t, double degrees_of_freedom);

// Clopper and Pearson's interval of a share of which `events` of `trials` were seen; neither need be whole. 0 <= events <= trials.
Bounds ShareBounds(double events, double trials, double alpha);

}  // namespace temper
