#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reward/grade/training_rows.h"
#include "rollout/data/labelled_answers.h"

namespace temper {

// What whoever measures says of sources.
struct SaidOfSources {
  std::vector<std::string> seen, unseen;
};

// Which answers say nothing new of a grader.
struct SeenAnswers {
  std::set<std::string> sources;  // that count as seen as a whole
  std::vector<bool> rows;         // of each answer: the grader was trained on it, whatever its source is called
  int64_t num_rows = 0;           // of these
  std::string unseen_by;          // in words: why the others count as unseen
};

// A source is seen where the grader's file or `said.seen` names it. It is also seen where more than
// kMostKnownRows of its answers are rows that the grader was trained on (RowMatch::kRow).
// `said.unseen` takes a source out that counts by its name alone. A grader that was trained on rows
// which its file does not tell has seen all but those. `trained_on`: nothing = it was not trained.
SeenAnswers SeenBy(const std::optional<TrainingRows>& trained_on, const std::vector<LabelledAnswer>& answers, const SaidOfSources& said);
inline constexpr double kMostKnownRows = 0.05;

// The answers that a grader may be trained on which is then measured on `source`. They are those of
// other sources, without answers to its prompts, answers that it has too (RowMatch::kRow) and rows
// of its groups.
std::vector<size_t> AnswersWithout(const std::string& source, const std::vector<LabelledAnswer>& answers);

}  // namespace temper
