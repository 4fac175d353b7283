#pragma once

#include <span>

namespace temper {

// The arithmetic mean, summed in order; 0 of no values.
inline double Mean(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

}  // namespace temper
