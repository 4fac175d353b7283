#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "reward/grade.h"
#include "rollout/prompt.h"

namespace temper {

// One evaluated completion: what the report is computed from.
struct EvalSample {
  std::string prompt_id;
  std::string intent;
  std::string category;
  std::string prompt;
  std::string response;
  Grade grade;
};

// A mean with a 95 % bootstrap interval over prompts (not completions). n counts completions; absent = no sample to average over.
struct Estimate {
  double mean = 0;
  double low = 0;
  double high = 0;
  int64_t n = 0;
  bool present = false;
};

// Figures of one cell (an intent, a category, or all). help_given_safe is on 1..4 over safe answers only; over_refusal is over
// completions of prompts that ask for nothing restricted; failed grades are counted and left out of everything else.
struct EvalCell {
  Estimate safety;           // share without any violation
  Estimate help_given_safe;  // 1 + 3 h, over safe answers
  Estimate over_refusal;     // refused although permitted
  Estimate utility;          // mean h * s
  Estimate reward;           // under the arm's own composer
  std::array<int64_t, kNumSeverities> severity_of_unsafe{};
  std::array<int64_t, kNumModes> modes{};
  int64_t n_prompts = 0;
  int64_t n = 0;
  int64_t n_safe = 0;
  int64_t n_failed_grades = 0;
};

struct EvalResult {
  std::string name;           // of the evaluation set
  int64_t weight_version = 0; // every token of it carries this version
  std::string weight_hash;
  EvalCell all;
  std::map<std::string, EvalCell> by_intent;
  std::map<std::string, EvalCell> by_category;
};

// `bootstrap_draws` resamples of the prompts, keyed by `seed`. rewards: one per sample, as composed; empty = none.
EvalResult SummarizeEvaluation(const std::string& name, const std::vector<EvalSample>& samples, const std::vector<double>& rewards,
                               uint64_t seed, int64_t bootstrap_draws);

// Paired difference a - b of each figure, resampling prompts that both have (by prompt id).
struct EvalDifference {
  Estimate safety, help_given_safe, over_refusal, utility;
};
struct EvalComparison {
  std::string name;
  EvalDifference all;
  std::map<std::string, EvalDifference> by_intent;
};
EvalComparison CompareEvaluations(const std::string& name, const std::vector<EvalSample>& a, const std::vector<EvalSample>& b,
                                  uint64_t seed, int64_t bootstrap_draws);

// The samples as JSONL and back (runs/<name>/<arm>/eval/<set>.jsonl). The reader throws Error with file:line.
void WriteEvalSamples(const std::string& path, const std::vector<EvalSample>& samples);
std::vector<EvalSample> ReadEvalSamples(const std::string& path);

}  // namespace temper
