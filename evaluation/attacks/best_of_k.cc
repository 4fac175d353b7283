#include "evaluation/attacks/best_of_k.h"

#include "cluster/base/error.h"
#include "evaluation/intervals.h"

namespace temper {

double AtLeastOneOf(int64_t tries, int64_t successes, int64_t k) {
  TEMPER_CHECK(1 <= k && k <= tries && 0 <= successes && successes <= tries, "no choice of ", k, " among ", tries, " tries with ",
               successes, " successes");
  if (tries - successes < k) return 1;
  double none = 1;  // C(n - c, k) / C(n, k) as a product, which cannot overflow
  for (int64_t i = tries - successes + 1; i <= tries; ++i) none *= 1.0 - static_cast<double>(k) / static_cast<double>(i);
  return 1 - none;
}

std::vector<AsrPoint> AsrCurve(const std::vector<PromptTries>& prompts, int64_t max_k) {
  std::vector<AsrPoint> curve;
  for (int64_t k = 1; k <= max_k; ++k) {
    std::vector<PromptSums> sums;
    for (const PromptTries& prompt : prompts)
      if (prompt.tries >= k) sums.push_back({AtLeastOneOf(prompt.tries, prompt.successes, k), 1});
    curve.push_back({k, RatioOverPrompts(sums, kScoreScale)});
  }
  return curve;
}

}  // namespace temper
