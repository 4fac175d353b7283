#include "policy/model/rope.h"

#include <algorithm>
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

// Peng et al., "YaRN: efficient context window extension of large language models", 2023, section 3.2.
class Yarn {
 public:
  Yarn(int64_t head_dim, double theta, const RopeScaling& scaling) : factor_(static_cast<float>(scaling.factor)) {
    const auto dim = static_cast<double>(head_dim);
    // The pair, as a real number, that turns `rotations` times within the original length.
    const auto pair_of = [&](double rotations) {
      const auto original = static_cast<double>(scaling.original_max_positions);
      return dim * std::log(original / (rotations * 2 * std::numbers::pi)) / (2 * std::log(theta));
    };
    double low = pair_of(scaling.beta_fast), high = pair_of(scaling.beta_slow);
    if (scaling.truncate) {
      low = std::floor(low);
      high = std::ceil(high);
    }
    low = std::max(low, 0.0);
    high = std::min(high, dim - 1);
    if (low == high) high += 0.001;  // no division by zero
    low_ = static_cast<float>(low);
    width_ = static_cast<float>(high - low);
  }

  // `wavelength`: theta^(2 i / head_dim).
  float Frequency(size_t i, float wavelength) const {
    const float ramp = std::clamp((static_cast<float>(i) - low_) / width_, 0.0f, 1.0f);
    const float kept = 1.0f - ramp;
    return 1.0f / (factor_ * wavelength) * (1.0f - kept) + 1.0f / wavelength * kept;
  }

 private:
  float factor_;
  float low_ = 0, width_ = 1;
};

// "NTK-aware" scaling at the length max_positions; only beyond it the base grows.
double DynamicBase(double theta, double dim, double factor) { return theta * std::pow(factor - (factor - 1), dim / (dim - 2)); }

}  // namespace

std::vector<float> RopeFrequencies(int64_t head_dim, double theta, const RopeScaling& scaling) {
  const double base = scaling.type == "dynamic" ? DynamicBase(theta, static_cast<double>(head_dim), scaling.factor) : theta;
  std::vector<float> frequencies(head_dim / 2);
  for (size_t i = 0; i < frequencies.size(); ++i) {
    const double exponent = static_cast<float>(2 * i) / static_cast<float>(head_dim);
    const auto wavelength = static_cast<float>(std::pow(base, exponent));
    const float frequency = 1.0f / wavelength;
    frequencies[i] = scaling.type == "llama3"   ? StretchedAsLlama3(frequency, scaling)
                     : scaling.type == "linear" ? frequency / static_cast<float>(scaling.factor)
                     : scaling.type == "yarn"   ? Yarn(head_dim, theta, scaling).Frequency(i, wavelength)
                                                : frequency;
  }
  return frequencies;
}

double RopeAttentionFactor(const RopeScaling& scaling) {
  if (scaling.type != "yarn") return 1;
  if (scaling.attention_factor > 0) return scaling.attention_factor;
  const auto by = [&](double mscale) { return scaling.factor <= 1 ? 1.0 : 0.1 * mscale * std::log(scaling.factor) + 1.0; };
  return scaling.mscale != 0 && scaling.mscale_all_dim != 0 ? by(scaling.mscale) / by(scaling.mscale_all_dim) : by(1);
}

}  // namespace temper
