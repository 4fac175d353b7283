#include "policy/gguf/rope_factors.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "cluster/base/error.h"
#include "policy/model/shape_limits.h"

namespace temper {
namespace {

// llama.cpp computes the factors in double from frequencies in fp32, where they stand in the config they were made of.
constexpr float kTolerance = 1e-4F;

constexpr int64_t kOriginalPositions = 8192;  // of all Llama 3 models

bool GivesBack(const std::vector<float>& factors, int64_t head_dim, double theta, const RopeScaling& scaling) {
  const std::vector<float> plain = RopeFrequencies(head_dim, theta, {}), scaled = RopeFrequencies(head_dim, theta, scaling);
  for (size_t i = 0; i < factors.size(); ++i)
    if (!(std::abs(plain[i] / factors[i] - scaled[i]) <= kTolerance * scaled[i])) return false;
  return true;
}

}  // namespace

RopeScaling ScalingOfRopeFactors(const std::string& path, const GgufTensor& factors, int64_t head_dim, double theta) {
  const auto refuse = [&](const std::string& why) { throw ConfigError(Concat(path, ": tensor ", kRopeFactors, ": ", why)); };
  if (!IsHeadDim(head_dim) || factors.shape != std::vector<int64_t>{head_dim / 2})
    refuse(Concat("expected a number for each pair of a head of ", head_dim));
  if (!(theta >= kRopeTheta.min && theta <= kRopeTheta.max)) refuse(Concat("the base of the positions, ", theta, ", is out of range"));
  std::vector<float> values(static_cast<size_t>(factors.numel()));
  Dequantize(*factors.type, factors.data, values.data());
  RopeScaling scaling;
  const float largest = *std::max_element(values.begin(), values.end());
  if (std::all_of(values.begin(), values.end(), [](float value) { return value == 1; })) return scaling;
  scaling.type = "llama3";
  scaling.factor = largest;
  scaling.original_max_positions = kOriginalPositions;
  const bool possible = largest >= kRopeFactor.min && largest <= kRopeFactor.max;
  if (!possible || !GivesBack(values, head_dim, theta, scaling))
    refuse("its factors are not those of Llama 3's scaling, and no other is known");
  return scaling;
}

}  // namespace temper
