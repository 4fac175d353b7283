#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/learned/prompt_files.h"
#include "evaluation/agreement.h"
#include "evaluation/estimate.h"

namespace temper {

// How well scores tell two classes apart, with intervals of 95 % over prompts.
struct ScoreFigures {
  Estimate accuracy;    // of calling yes what has at least the threshold
  Estimate auroc;       // percentile bootstrap over prompts
  double majority = 0;  // accuracy of who always says what more prompts are
};
ScoreFigures FiguresOfScores(std::span<const ScoredLabel> rows, double threshold);

// "accuracy .912 [.881, .936], AUROC .960 [.941, .975]"
std::string Words(const ScoreFigures& figures);
std::string Words(const Estimate& estimate);

// What TF-IDF of words and characters with a logistic regression says of the held-out prompts, having learned from the others. It is
// P(yes) of each held-out row of `rows` that has the label, in their order.
std::vector<double> TfidfScores(const std::vector<LabelledPrompt>& rows, std::optional<bool> LabelledPrompt::*label);

// Accuracy of the first less that of the second, over the same rows.
Estimate AccuracyDifference(std::span<const ScoredLabel> a, double threshold_a, std::span<const ScoredLabel> b, double threshold_b);

}  // namespace temper
