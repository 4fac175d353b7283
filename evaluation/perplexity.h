#pragma once

#include <cstdint>

#include "evaluation/estimate.h"

namespace temper {

// How likely a policy finds answers that it never learned from, as sums over the answers. l = -log
// p of an answer's tokens in nats, t = the number of these tokens.
struct AnswerScores {
  int64_t answers = 0;
  double loss = 0;            // sum of l
  double tokens = 0;          // sum of t
  double loss_squared = 0;    // sum of l^2
  double tokens_squared = 0;  // sum of t^2
  double loss_tokens = 0;     // sum of l t

  void Add(double answer_loss, double answer_tokens);
};

// exp(sum l / sum t) with an interval of 95 % over the answers. The loss a token is a ratio of
// sums, whose linearised variance with Student's t gives an interval (Cochran 1977, section 6.5).
// exp moves it. Without an interval for one answer; not present without a token.
Estimate PerplexityOf(const AnswerScores& scores);

}  // namespace temper
