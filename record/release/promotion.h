#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "evaluation/promotion.h"

namespace temper {

// <arm>/promotion.json: whether the arm's policy may be served, as temper promote judged it. The newest judgement stands.
//   {"verdict": "promoted" | "quarantined", "reasons": [TEXT, ...], "arm", "weights": path from the run's folder, "weight_version",
//    "weight_hash": of the bytes that were evaluated, "manifest_xxh128": of the manifest of the weights' folder, "grader": NAME,
//    "grading": what is known of who graded, in words, "alpha", "correction", "min_safety", "max_over_refusal", "min_help_given_safe",
//    "max_failed_fraction", "samples": {set: hash of the judged samples}, "tests": [{"set", "figure", "at_least", "threshold", "mean", "n",
//    "p", "level", "bound", "holds"}], "xxh128": of the object without this field, as it is written}
struct Promotion {
  std::string arm;
  std::string weights;
  int64_t weight_version = 0;
  std::string weight_hash;
  std::string manifest_hash;
  std::string grader;
  std::string grading;
  PromoteConfig config;                        // but for its sets, which `samples` names
  std::map<std::string, std::string> samples;  // set -> Hash128OfFile of its samples
  PromotionVerdict verdict;
};

// What of a run's arm is judged.
struct PromotionCandidate {
  std::string weights;  // path from the run's folder
  int64_t weight_version = 0;
  std::string weight_hash;
  std::map<std::string, std::vector<EvalSample>> sets;
};

// The policy that the arm's evaluations after training are of, with their samples. ConfigError, naming the file, where there is none, or
// where samples or weights are not as they were written. The same where the sets are of different weights, or the policy's folder is none
// of the run's own.
PromotionCandidate CandidateOf(const std::string& run_folder, const std::string& arm);

// Flushed to disk.
void WritePromotion(const std::string& run_folder, const Promotion& promotion);
// Nothing where the arm was never judged. Throws ConfigError naming a file that is damaged.
std::optional<Promotion> ReadPromotion(const std::string& run_folder, const std::string& arm);

// The folder of the promoted weights: of the arm, or with arm "" of the only one that is promoted. They are those that were judged, to the
// bit. ConfigError saying why not where nothing is promoted, several arms are, or the folder is not as it was.
std::string PromotedWeights(const std::string& run_folder, const std::string& arm);

}  // namespace temper
