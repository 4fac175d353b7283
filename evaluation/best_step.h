#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "evaluation/options.h"

namespace temper {

// Of the evaluations while a policy trains, the one whose figure was best so far. Steps count the updates that are done.
struct BestStep {
  std::string figure;  // its metric, during/<set>/<figure>
  BetterFigure better = BetterFigure::kHigher;
  int64_t step = 0;                                   // 0 = no evaluation had the figure yet
  double value = 0;                                   // of the figure at that step
  std::optional<std::pair<double, double>> interval;  // of 95 %; absent where the evaluation gives none
  int64_t evaluations = 0;                            // so far
  int64_t without = 0;                                // the newest of them, in a row, that were not better
  int64_t stopped_at = 0;                             // the step after which they ended the training; 0 = they did not

  bool operator==(const BestStep&) const = default;
};

// Of eval.best, before any evaluation.
BestStep NoBestStep(const BestConfig& config);

// Enters an evaluation after `step` updates; true where it is the best so far. An equal value is not better, so the earliest of equals
// stays. Values without the figure, or with one that is not finite, count as an evaluation that is not better.
bool TakeEvaluation(int64_t step, const std::map<std::string, double>& values, BestStep* best);

// "during/dev/utility was best after step 6 (0.612 [0.551, 0.670]; the higher the better)", and how the training ended where it ended
// early.
std::string BestStepText(const BestStep& best);

}  // namespace temper
