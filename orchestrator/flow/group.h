#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "policy/tokenizer/tokenizer.h"
#include "rollout/data/prompt.h"
#include "workers/wire.h"

namespace temper {

// What of a prompt's row graders are told beside its text and category (reward.sees).
struct GraderView {
  bool intent = false;
  bool label = false;
};

// A prompt group to be sampled and graded.
struct GroupSpec {
  const Prompt* prompt = nullptr;        // borrowed until the group is complete, as the next
  const Tokenizer* tokenizer = nullptr;  // gives completions their text
  RolloutTask task;
  std::vector<int32_t> answer_begun = {};  // tokens at the prompt's end that are no request: graders read them before each completion
  GraderView sees;
};

// A complete group: sampled and graded, or refused by a worker.
struct GradedGroup {
  const Prompt* prompt = nullptr;
  RolloutResult rollout;               // without trajectories when sampling was refused
  std::vector<std::string> responses;  // text of each completion; "" when sampling was refused
  std::vector<Grade> grades;           // of each completion; a refused group's are failures
  std::string refused;                 // why a worker refused it; "" = none did
  double issued_at = 0;                // NowSeconds() of each stage
  double generated_at = 0;
  double graded_at = 0;
};

// Whether completion i was cut at the token limit; false where sampling was refused.
inline bool IsTruncated(const GradedGroup& group, size_t i) {
  const auto& trajectories = group.rollout.group.trajectories;
  return i < trajectories.size() && !trajectories[i].finished;
}

}  // namespace temper
