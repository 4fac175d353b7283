#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace temper {

// What a completion may begin with: one of some marked tokens (mode and refusal tokens), after the rules that each carries. The idea and
// the threshold are of Jain et al., "Refusal Tokens" (arXiv 2412.06748), sec. 3: the token is given out where its probability reaches t.
struct GatedToken {
  int64_t id = -1;
  double bias = 0;        // added to its logit
  double threshold = -1;  // its share among the marked tokens from which it is given out; below 0 = it has none
  bool has_threshold() const { return threshold >= 0; }
};
struct FirstTokenGate {
  std::vector<GatedToken> tokens;  // in the order of the settings; empty = no gate, all tokens may come first
  // The i-th completion of a prompt begins with token i modulo their number, whatever the model says: one prompt computed, an answer from
  // each token (temper eval --gate-sweep).
  bool in_turn = false;
};

// The logits of the marked tokens after the gate, parallel to gate.tokens; minus infinity = cannot be drawn. `logits`: the model's, of
// these tokens; one constant may be added to all. With p = softmax(logits) over the marked tokens:
//   in_turn: token sample % n alone is left.
//   Else, where tokens reach their thresholds, p >= t, the most probable of them (of equals the first) alone is left.
//   Else tokens with a threshold are taken out, the others are logit + bias. Where that leaves none, the most probable token stays.
// A token's rule moves no other token's threshold test, and a higher threshold never makes the token likelier.
std::vector<float> GatedLogits(const FirstTokenGate& gate, std::span<const float> logits, int64_t sample);

// The probabilities that the first token is drawn with at this temperature (0 = greedy), parallel to gate.tokens; their sum is 1.
std::vector<double> FirstTokenShares(const FirstTokenGate& gate, std::span<const float> logits, double temperature);

}  // namespace temper
