// libFuzzer target of the weights of rule-based rewards: every input ends in ConfigError, or is weights that are written and read again as
// they are and give rewards from 0 to 1.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "cluster/base/error.h"
#include "reward/rbr/rbr_weights.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  temper::RbrWeights weights;
  try {
    weights = temper::ParseRbrWeights({reinterpret_cast<const char*>(data), size}, "fuzz");
  } catch (const temper::ConfigError&) {
    return 0;
  }
  const std::string text = temper::RbrWeightsJson(weights);
  if (temper::RbrWeightsJson(temper::ParseRbrWeights(text, "again")) != text) std::abort();
  for (const auto& [name, type] : weights.types) {
    std::map<std::string, double> values;
    for (const auto& [proposition, weight] : type.weights) values[proposition] = 1;
    const double reward = temper::RbrReward(type, values);
    if (!(reward >= 0 && reward <= 1)) std::abort();
  }
  return 0;
}
