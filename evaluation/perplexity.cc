#include "evaluation/perplexity.h"

#include <algorithm>
#include <cmath>

#include "evaluation/quantiles.h"

namespace temper {

void AnswerScores::Add(double answer_loss, double answer_tokens) {
  ++answers;
  loss += answer_loss;
  tokens += answer_tokens;
  loss_squared += answer_loss * answer_loss;
  tokens_squared += answer_tokens * answer_tokens;
  loss_tokens += answer_loss * answer_tokens;
}

Estimate PerplexityOf(const AnswerScores& scores) {
  Estimate estimate;
  if (scores.tokens <= 0) return estimate;
  const double mean = scores.loss / scores.tokens;
  estimate.present = true;
  estimate.mean = std::exp(mean);
  estimate.n = estimate.completions = scores.answers;
  estimate.few = scores.answers < kFewPrompts;
  const auto n = static_cast<double>(scores.answers);
  const double residuals = scores.loss_squared - 2 * mean * scores.loss_tokens + mean * mean * scores.tokens_squared;
  if (scores.answers < 2 || residuals <= 0) return estimate;
  const double error = StudentQuantile(n - 1) * std::sqrt(n / (n - 1) * residuals) / scores.tokens;
  estimate.low = std::exp(mean - error);
  estimate.high = std::exp(mean + error);
  return estimate;
}

}  // namespace temper
