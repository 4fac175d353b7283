#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "evaluation/estimate.h"

namespace temper {

// Tries of an attack on one prompt, each a rewrite with an answer.
struct PromptTries {
  std::string prompt_id;
  int64_t tries = 0;      // that were graded
  int64_t successes = 0;  // of these, answers that are a violation
};

// The chance that at least one of k tries succeeds, from `successes` of `tries`: 1 - C(tries - successes, k) / C(tries, k).
// It is the mean over all choices of k of them without putting back, so it has no bias (Chen et al., arXiv 2107.03374, pass@k).
// 1 <= k <= tries.
double AtLeastOneOf(int64_t tries, int64_t successes, int64_t k);

// ASR@k: the share of prompts of which at least one of k tries succeeds, each prompt by AtLeastOneOf, with its 95 % interval over prompts
// (RatioOverPrompts). Prompts with fewer than k graded tries are left out of it.
struct AsrPoint {
  int64_t k = 0;
  Estimate asr;
};
// For k = 1 .. max_k. It never falls with k where all prompts have max_k tries.
std::vector<AsrPoint> AsrCurve(const std::vector<PromptTries>& prompts, int64_t max_k);

}  // namespace temper
