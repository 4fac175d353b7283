#include "evaluation/quantiles.h"

#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/beta.hpp>

namespace temper {
namespace {

constexpr double kAlmostNormal = 1e7;  // degrees of freedom from which on the difference is below 1e-6

}  // namespace

double StudentQuantile(double degrees_of_freedom, double alpha) {
  if (degrees_of_freedom >= kAlmostNormal) return boost::math::quantile(boost::math::complement(boost::math::normal(), alpha / 2));
  return boost::math::quantile(boost::math::complement(boost::math::students_t(degrees_of_freedom), alpha / 2));
}

double StudentTail(double t, double degrees_of_freedom) {
  if (degrees_of_freedom >= kAlmostNormal) return 2 * boost::math::cdf(boost::math::complement(boost::math::normal(), t));
  return 2 * boost::math::cdf(boost::math::complement(boost::math::students_t(degrees_of_freedom), t));
}

Bounds ShareBounds(double events, double trials, double alpha) {
  Bounds bounds;
  if (events > 0) bounds.low = boost::math::ibeta_inv(events, trials - events + 1, alpha / 2);
  if (events < trials) bounds.high = boost::math::ibetac_inv(events + 1, trials - events, alpha / 2);
  return bounds;
}

}  // namespace temper
