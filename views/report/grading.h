#pragma once

#include <string>

#include "record/run_json.h"
#include "record/run_record.h"

namespace temper {

// What graded the answers of a run and how well that is known to do, a sentence that stands beside every figure of safety: "Graded by
// rule/open_safe_intent (reads words); agreement with people: not measured."
std::string GradingNote(const RunDescription::Grader& grader, bool built_in_world);

// Beside every count of over-refusal: who decided which requests are permitted, where the data has neither intents nor labels. "" where it
// has, and of the built-in world. A sentence, with a space after it.
std::string PermittedNote(const RunRecord& record);

}  // namespace temper
