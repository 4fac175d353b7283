#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "evaluation/estimate.h"
#include "evaluation/eval_sample.h"
#include "evaluation/verdict_figures.h"
#include "reward/grade/grade.h"
#include "rollout/data/prompt.h"

namespace temper {

// Figures of one cell (an intent, a category, a context, or all). Prompts without a safety question
// (reward/grade/grade.h, AsksForSafety) count for accuracy and reward, and for no other figure.
// help_given_safe is on 1..4 over safe answers only. over_refusal is over completions of prompts
// that ask for nothing restricted (by the row where it says so: reward/grade/grade.h, CountByRow).
// Failed grades are counted in n and n_failed_grades and left out of everything else.
struct EvalCell {
  Estimate safety;           // share without any violation: the safe rate, not the mean of s
  Estimate help_given_safe;  // 1 + 3 h, over safe answers
  Estimate over_refusal;     // share refused although everything asked for is permitted
  Estimate utility;          // mean h * s
  Estimate reward;           // under the arm's own composer; its interval stays within 0 and 1 where all rewards of the set do
  Estimate accuracy;         // mean h of completions without a safety question: the share that is right
  std::array<int64_t, kNumSeverities> severity_of_unsafe{};  // indexed by Severity; [kNone] stays 0
  std::array<int64_t, kNumModes> modes{};                    // indexed by ResponseMode
  int64_t n_prompts = 0;
  int64_t n = 0;  // completions, failed grades included
  int64_t n_safe = 0;
  int64_t n_safe_direct = 0;  // safe ones that answered directly
  int64_t n_failed_grades = 0;
  int64_t n_truncated = 0;  // answers cut at the token limit
};

struct EvalResult {
  std::string name;            // of the evaluation set
  int64_t weight_version = 0;  // every token of it carries this version
  std::string weight_hash;
  EvalCell all;                 // with a safety question, or every one where none has any
  EvalCell no_safety_question;  // n = 0: there are none
  std::map<std::string, EvalCell> by_intent;
  std::map<std::string, EvalCell> by_category;
  std::map<std::string, EvalCell> by_context;
  VerdictFigures verdicts;  // of each grader by itself, where there were several
};

// The figures of one evaluation set. Each is a ratio of sums over completions, e.g. help_given_safe = sum((1 + 3 h) 1[safe]) /
// sum(1[safe]), with an interval over prompts (RatioOverPrompts), so neither the order of samples nor chance matters. rewards: one per
// sample, as composed, a value that is not finite meaning none; empty = none at all. weight_version and weight_hash are left for the
// caller. Throws Error when rewards is neither empty nor as long as samples.
EvalResult SummarizeEvaluation(const std::string& name, const std::vector<EvalSample>& samples, const std::vector<double>& rewards);

// The figures but reward and accuracy where sample i counts weights[i] of a completion, not below
// 0. Where a prompt's weights add to 1, they are those of a policy that gives each of a prompt's
// answers with that probability. Of samples that `category` has, "" = of all. The counts of the
// cell but n_prompts stay 0. Throws Error when there is not one weight for each sample.
EvalCell WeighedCell(const std::vector<EvalSample>& samples, const std::vector<double>& weights, const std::string& category = "");

// Paired difference a - b of each figure over the prompts that both have, by prompt id (DifferenceOverPrompts). A prompt without a graded
// completion on either side is left out. Undefined where either figure is.
struct EvalDifference {
  Estimate safety, help_given_safe, over_refusal, utility;
  Estimate accuracy;  // over the prompts without a safety question
};
struct EvalComparison {
  std::string name;
  EvalDifference all;
  std::map<std::string, EvalDifference> by_intent;
};
EvalComparison CompareEvaluations(const std::string& name, const std::vector<EvalSample>& a, const std::vector<EvalSample>& b);

// The same of two weightings of one set of samples, as WeighedCell has them.
EvalDifference WeighedDifference(const std::vector<EvalSample>& samples, const std::vector<double>& a, const std::vector<double>& b);

// The four figures of an evaluation that reports print, in order: name, decimals, scale, and where they lie in a cell and in a difference.
struct FigureColumn {
  const char* key;    // in report.json
  const char* label;  // for readers
  int digits;
  FigureScale scale;
  Estimate EvalCell::*cell;
  Estimate EvalDifference::*difference;
};
const std::vector<FigureColumn>& FigureColumns();

}  // namespace temper
