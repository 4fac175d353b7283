#include "policy/gguf/rope_factors.h"

#include <cmath>
#include <numbers>

#include <gmock/gmock.h>

#include "cluster/base/error.h"

namespace temper {
namespace {

// As llama.cpp's converter makes them of Llama 3's settings: low 1, high 4, original 8192.
std::vector<float> Factors(int64_t head_dim, double theta, double factor) {
  std::vector<float> factors;
  for (int64_t i = 0; i < head_dim / 2; ++i) {
    const double wavelength = 2 * std::numbers::pi * std::pow(theta, 2.0 * static_cast<double>(i) / static_cast<double>(head_dim));
    const double smooth = (8192 / wavelength - 1) / 3;
    const double between = 1 / ((1 - smooth) / factor + smooth);
    factors.push_back(static_cast<float>(wavelength < 8192.0 / 4 ? 1 : wavelength > 8192 ? factor : between));
  }
  return factors;
}

RopeScaling ScalingOf(const std::vector<float>& factors, int64_t head_dim, double theta) {
  GgufTensor tensor{kRopeFactors, {static_cast<int64_t>(factors.size())}, FindGgufTensorType(0), {}};
  tensor.data = {reinterpret_cast<const char*>(factors.data()), factors.size() * sizeof(float)};
  return ScalingOfRopeFactors("x.gguf", tensor, head_dim, theta);
}

TEST(RopeFactors, BecomeTheSettingsThatMadeThem) {
  for (const double factor : {8.0, 32.0}) {  // Llama 3.1; Llama 3.2
    const RopeScaling scaling = ScalingOf(Factors(128, 500000, factor), 128, 500000);
    EXPECT_EQ(scaling.type, "llama3");
    EXPECT_EQ(scaling.factor, factor);
    EXPECT_EQ(scaling.low_freq_factor, 1);
    EXPECT_EQ(scaling.high_freq_factor, 4);
    EXPECT_EQ(scaling.original_max_positions, 8192);
  }
  EXPECT_EQ(ScalingOf(std::vector<float>(32, 1), 64, 10000).type, "default");
}

TEST(RopeFactors, OthersAreRefused) {
  std::vector<float> factors = Factors(128, 500000, 8);
  factors[40] *= 1.01F;
  EXPECT_THROW(ScalingOf(factors, 128, 500000), ConfigError);
  EXPECT_THROW(ScalingOf(Factors(128, 500000, 8), 128, 10000), ConfigError);  // of another base
  EXPECT_THROW(ScalingOf(Factors(128, 500000, 8), 64, 500000), ConfigError);  // of another head
  for (const float bad : {0.0F, -1.0F, INFINITY, NAN}) EXPECT_THROW(ScalingOf(std::vector<float>(32, bad), 64, 10000), ConfigError);
}

}  // namespace
}  // namespace temper
