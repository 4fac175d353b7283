#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "evaluation/figures.h"

namespace temper {

// What a threshold of a first token would give (rollout.first_token_gate). It is worked out from
// one pass over each prompt and graded answers that begin with each of the marked tokens. A gate
// changes nothing but which token comes first. So the figures under it are those of the answers,
// each weighed by the probability that the gate gives its first token.

// A prompt's part: the log-probs of the marked tokens at the place of the first one, by token.
struct GatePrompt {
  std::string id;
  std::vector<float> logprobs;  // [K]
};

// The share of answers that are not safe: `one` (1) less the share of those that are; of a difference (`one` 0) its opposite.
Estimate UnsafeOf(const Estimate& safety, double one);

// The thresholds that are tried, from always (0) to never (2).
const std::vector<double>& SweptThresholds();

// Probabilities of the first tokens [K] of a prompt, where token `gated` (-1 = none) has the threshold.
using FirstTokenRule = std::function<std::vector<double>(const GatePrompt& prompt, int64_t gated, double threshold)>;

struct GatePoint {
  std::string token;  // whose threshold it is; "" = no gate has a rule: what the policy does by itself
  double threshold = 0;
  std::vector<double> shares;  // mean probability of each token as the first one
  EvalCell all;
  std::map<std::string, EvalCell> by_category;  // what the threshold gives on the prompts of one category; others do not move with it
  EvalDifference from_open;                     // less what the policy does by itself, paired over prompts
};

struct GateSweep {
  std::string set;
  std::string weight_hash;
  std::vector<std::string> tokens;  // names [K]
  int64_t prompts = 0;              // each computed once
  double marked = 0;                // mean probability that the policy by itself begins with a marked token at all
  int64_t answers = 0;              // graded: K for each of eval.samples_per_prompt
  GatePoint open;
  std::vector<GatePoint> points;  // by token, then by threshold
};

// `samples`: K * n answers of each prompt in turn, those of a prompt from token 0, 1, .., K - 1, 0, ..; parallel to `prompts`. Throws Error
// where the numbers do not fit.
GateSweep SweepGate(const std::string& set, const std::vector<std::string>& tokens, const std::vector<GatePrompt>& prompts,
                    const std::vector<EvalSample>& samples, const FirstTokenRule& rule);

// The curve in words: a line for the policy itself, then one for each threshold, with intervals of 95 %.
std::string GateTable(const GateSweep& sweep);

}  // namespace temper
