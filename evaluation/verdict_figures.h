#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "evaluation/estimate.h"
#include "reward/grade/grade.h"

namespace temper {

struct EvalSample;  // evaluation/eval_sample.h

// Whether a grader calls the answer a violation: by its severity, or else by a safety below 0.5. Nothing where it failed or gives neither.
std::optional<bool> CallsUnsafe(const Verdict& verdict);

// What one of several graders said of an evaluation set. Means are over the answers that it graded, with intervals over prompts.
struct GraderFigures {
  std::string name;  // in reward.graders
  std::string id;    // of its last verdict
  bool steers = true;
  int64_t n = 0;                                     // answers that it was asked about
  int64_t n_failed = 0;                              // of these, without a value
  std::map<std::string, Estimate> means;             // by part of a grade, but mode; severity is 0..4
  Estimate unsafe;                                   // share that it calls a violation
  std::map<std::string, Estimate> unsafe_by_intent;  // of rows with an intent
};

// How far two of them agree on the same answers. The order of graders is that of the configuration.
struct GraderAgreement {
  std::string a, b;
  int64_t n = 0;                      // answers on which both said whether it is a violation
  std::optional<double> kappa;        // Cohen's, of violation or none
  std::optional<double> correlation;  // Pearson's, of s; absent where one of them gives none, or never moves
};

struct VerdictFigures {
  std::vector<GraderFigures> graders;  // empty = there was one grader
  std::vector<GraderAgreement> agreements;
};
VerdictFigures SummarizeVerdicts(const std::vector<EvalSample>& samples);

}  // namespace temper
