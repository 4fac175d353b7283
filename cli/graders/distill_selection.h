#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "cli/graders/attack_tries.h"
#include "evaluation/estimate.h"

namespace temper {

// An answer that may become a demonstration.
struct DistillCandidate {
  AttackTryRow row;
  int64_t draft = -1;                // index of the answer that this one revises; -1 = it revises none
  std::vector<double> rewards = {};  // of each judgement; NaN where a grader failed
  std::string dropped = "";          // why it is not judged: "empty", "policy quoted", ...
  // The lowest of the judgements: an answer counts for what its strictest judge says (deliberative alignment, arXiv 2412.16339,
  // section 2.2). NaN where there is none or one failed.
  double Worst() const;
};

struct DistillOptions {
  double min_reward = 0.7;  // what a kept answer has at least
  double margin = 0.05;     // by which a revision is better than its draft
};

// A prompt's better and worse answer, as preference training wants them.
struct PreferencePair {
  size_t chosen = 0, rejected = 0;  // indices of candidates
};

// What of the candidates is kept, and what became of the others.
struct DistillSelection {
  std::vector<size_t> kept;                 // indices of candidates, at most one a prompt, in the order of prompts
  std::vector<PreferencePair> pairs;        // of revisions that are kept
  std::map<std::string, int64_t> left_out;  // cause -> answers
  int64_t kept_by_first = 0;                // prompts that one judgement alone would have kept
  Estimate drawn, chosen;                   // mean of Worst: of all judged answers, of those kept; intervals over prompts
};

// The best answer of each prompt by Worst, the first of equals, where it reaches options.min_reward and is not off topic. Of candidates
// that revise a draft only revisions are kept, and only those that beat their draft by options.margin. Prompts are told apart by their id.
DistillSelection SelectDemonstrations(const std::vector<DistillCandidate>& candidates, const DistillOptions& options);

}  // namespace temper
