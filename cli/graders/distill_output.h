#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/graders/distill_selection.h"

namespace temper {

// What temper distill writes. Texts that are no UTF-8 are repaired.

// For a terminal: who graded, what was kept, what became of the rest.
std::string DistillText(const std::vector<DistillCandidate>& candidates, const DistillSelection& selection, const std::string& graded_by,
                        const DistillOptions& options, int64_t judgements);
// A line for each kept answer: {id, prompt, response, intent, category, label, mode, reward}. The prompt is as its row has it.
std::string DemonstrationRows(const std::vector<DistillCandidate>& candidates, const DistillSelection& selection);
// A line for each pair: {id, prompt, chosen, rejected, reward_chosen, reward_rejected}.
std::string PairRows(const std::vector<DistillCandidate>& candidates, const DistillSelection& selection);
// A line for each answer: {id, intent, category, prompt, response, draft, dropped, rewards}; temper distill --answers reads it.
std::string CandidateRows(const std::vector<DistillCandidate>& candidates);

}  // namespace temper
