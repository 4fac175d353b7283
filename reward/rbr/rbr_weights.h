#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace temper {

// The weights of one response type, and how its score becomes a number of [0, 1].
struct RbrType {
  std::map<std::string, double> weights;  // by proposition; one that is not named weighs 0
  double low = 0;                         // the score that is worth 0
  double high = 1;                        // the score that is worth 1; above low
  int64_t pairs = 0;                      // ordered pairs that the weights were fitted on
  double order_accuracy = 0;              // share of the pairs kept back that they put right; -1 = none was kept back
};

// A file that `temper rbr fit` writes: JSON, so that people can read and change it.
struct RbrWeights {
  std::string policy;                    // hash of the policy spec whose propositions they weigh; "" = of any
  std::string data;                      // hash of the completions they were fitted on; "" = by hand
  std::map<std::string, RbrType> types;  // by response type; at least one
  std::string hash;                      // of the text they were read from; set by the reader
};

// Reads such a text: every key known, every number from -1e6 to 1e6, at most 1 MiB. Throws ConfigError, with `name` and the key.
RbrWeights ParseRbrWeights(std::string_view text, const std::string& name);
// What ParseRbrWeights reads again.
std::string RbrWeightsJson(const RbrWeights& weights);

// sum of weight * value over the propositions, those without a value at 0.
double RbrScore(const RbrType& type, const std::map<std::string, double>& values);
// The score on the scale of low to high, cut at 0 and 1.
double RbrReward(const RbrType& type, const std::map<std::string, double>& values);

}  // namespace temper
