#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "evaluation/best_step.h"
#include "record/run_paths.h"

namespace temper {

// best.json of an arm, and what a checkpoint's state holds of it: {"figure", "better", "step", "value", "low"?, "high"?, "evaluations",
// "without", "stopped_at"}, with the fields of BestStep. The numbers come back to the bit.
std::string BestStepToJson(const BestStep& best);
// Throws ConfigError where the text is not such a file's.
BestStep BestStepFromJson(std::string_view text);

// Flushed to disk.
void WriteBestStep(const StagePaths& stage, const BestStep& best);
// Nothing where the arm has none. Throws ConfigError naming the file.
std::optional<BestStep> ReadBestStep(const StagePaths& stage);

}  // namespace temper
