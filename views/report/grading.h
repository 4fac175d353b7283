#pragma once

#include <string>

#include "record/run_json.h"

namespace temper {

// What graded the answers of a run and how well that is known to do, a sentence that stands beside every figure of safety: "Graded by
// rule/open_safe_intent (reads words); agreement with people: not measured."
std::string GradingNote(const RunDescription::Grader& grader, bool built_in_world);

}  // namespace temper
