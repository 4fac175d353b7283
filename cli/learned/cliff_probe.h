#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/learned/direction_model.h"
#include "policy/directions/scaled_heads.h"
#include "reward/classifier/model.h"

namespace temper {

// How a probe's score runs along an answer.
struct Cliff {
  double plateau = 0;      // median over its tokens but the last tenth of them
  double final_score = 0;  // at the last token
  double drop() const { return plateau - final_score; }
};
// scores: one at least.
Cliff CliffOf(std::span<const double> scores);

// A head of the model and the mean final score with it scaled down.
struct HeadEffect {
  HeadPlace place;
  double final_score = 0;
};

struct ScoredText {
  std::string prompt, answer;  // the answer: the reasoning, up to where it is to be judged
};

// The refusal cliff's probe (arXiv 2510.06036): a logistic regression on the residual stream behind the last layer. It learns from
// class-balanced prompts that are refused (1) and answered (0), at their last token, and is asked at every token of an answer. The model is
// borrowed.
class CliffProbe {
 public:
  // Learns from the prompts of `rows` that have a label of refusal. Throws ConfigError where a class has none.
  CliffProbe(const DirectionModel& model, const std::vector<LabelledPrompt>& rows, const PromptProgress& progress);

  // The probability of a refusal at the last token of the prompt, then at each token of the answer.
  std::vector<double> Scores(const ScoredText& text, const std::vector<HeadPlace>& scaled_down = {}) const;

  // Each head scaled down alone: those first that hold the refusal back most, that is whose scaling leaves the highest mean final score. As
  // many forwards as heads times texts.
  std::vector<HeadEffect> Heads(const std::vector<ScoredText>& texts, const PromptProgress& progress) const;

  double held_out_accuracy() const { return held_out_accuracy_; }  // on a fifth of the prompts, by a probe of the others
  size_t held_out() const { return held_out_; }

 private:
  const DirectionModel& model_;
  ClassifierModel head_;
  double held_out_accuracy_ = 0;
  size_t held_out_ = 0;
};

}  // namespace temper
