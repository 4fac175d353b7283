#include "policy/model/rope.h"

#include <cmath>
#include <numbers>

namespace temper {
namespace {

// Meta's scaling of Llama 3.1.
float StretchedAsLlama3(float frequency, const RopeScaling& scaling) {
  const auto original = static_cast<double>(scaling.original_max_positions);
  const float wavelength = (1.0f / frequency) * static_cast<float>(2 * std::numbers::pi);
  const auto factor = static_cast<float>(scaling.factor);
  if (wavelength > static_cast<float>(original / scaling.low_freq_factor)) return frequency / factor;
  if (wavelength < static_cast<float>(original / scaling.high_freq_factor)) return frequency;
  const float smooth = ((1.0f / wavelength) * static_cast<float>(original) - static_cast<float>(scaling.low_freq_factor)) /
                       static_cast<float>(scaling.high_freq_factor - scaling.low_freq_factor);
  return (1.0f - smooth) * frequency / factor + smooth * frequency;
}

}  // namespace

std::vector<float> RopeFrequencies(int64_t head_dim, double theta, const RopeScaling& scaling) {
  std::vector<float> frequencies(head_dim / 2);
  for (size_t i = 0; i < frequencies.size(); ++i) {
    const double exponent = static_cast<float>(2 * i) / static_cast<float>(head_dim);
    const float frequency = 1.0f / static_cast<float>(std::pow(theta, exponent));
    frequencies[i] = scaling.type == "llama3"   ? StretchedAsLlama3(frequency, scaling)
                     : scaling.type == "linear" ? frequency / static_cast<float>(scaling.factor)
                                                : frequency;
  }
  return frequencies;
}

}  // namespace temper
