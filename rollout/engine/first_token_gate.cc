#include "rollout/engine/first_token_gate.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "cluster/base/error.h"

namespace temper {
namespace {

constexpr float kRemoved = -std::numeric_limits<float>::infinity();

// softmax(logits / temperature); at 0 all of it is on the largest, of equals the first.
std::vector<double> Softmax(std::span<const float> logits, double temperature) {
  const auto top = std::max_element(logits.begin(), logits.end());
  std::vector<double> shares(logits.size(), 0);
  if (temperature == 0) {
    shares[static_cast<size_t>(top - logits.begin())] = 1;
    return shares;
  }
  double total = 0;
  for (size_t i = 0; i < logits.size(); ++i) total += shares[i] = std::exp((double{logits[i]} - double{*top}) / temperature);
  for (double& share : shares) share /= total;
  return shares;
}

// The most probable token that reaches its threshold; -1 where none does.
int64_t Given(const FirstTokenGate& gate, const std::vector<double>& shares) {
  int64_t given = -1;
  for (size_t i = 0; i < shares.size(); ++i) {
    if (!gate.tokens[i].has_threshold() || shares[i] < gate.tokens[i].threshold) continue;
    if (given < 0 || shares[i] > shares[static_cast<size_t>(given)]) given = static_cast<int64_t>(i);
  }
  return given;
}

}  // namespace

std::vector<float> GatedLogits(const FirstTokenGate& gate, std::span<const float> logits, int64_t sample) {
  const auto count = static_cast<int64_t>(gate.tokens.size());
  TEMPER_CHECK(count > 0 && std::ssize(logits) == count, "a gate of ", count, " tokens got ", logits.size(), " logits");
  std::vector<float> gated(logits.size(), kRemoved);
  const auto keep_alone = [&](int64_t token) { gated[static_cast<size_t>(token)] = logits[static_cast<size_t>(token)]; };
  if (gate.in_turn) {
    keep_alone(sample % count);
    return gated;
  }
  if (const int64_t given = Given(gate, Softmax(logits, 1)); given >= 0) {
    keep_alone(given);
    return gated;
  }
  bool any = false;
  for (size_t i = 0; i < logits.size(); ++i) {
    if (gate.tokens[i].has_threshold()) continue;
    gated[i] = static_cast<float>(double{logits[i]} + gate.tokens[i].bias);
    any = true;
  }
  if (!any) keep_alone(std::max_element(logits.begin(), logits.end()) - logits.begin());
  return gated;
}

std::vector<double> FirstTokenShares(const FirstTokenGate& gate, std::span<const float> logits, double temperature) {
  return Softmax(GatedLogits(gate, logits, 0), temperature);
}

}  // namespace temper
