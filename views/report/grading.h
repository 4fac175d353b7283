#pragma once

#include <string>
#include <vector>

#include "record/run_json.h"
#include "record/run_record.h"

namespace temper {

// What graded the answers of a run and how well that is known to do. The sentence stands beside
// every figure of safety: "Graded by rule/open_safe_intent (reads words); agreement with people:
// not measured." One line, which tells of all that is known the most telling: of several graders
// who gives what. The rest is GraderRows.
std::string GradingNote(const RunDescription::Grader& grader, bool built_in_world);

// Beside every count of over-refusal: who decided which requests are permitted, where the data has neither intents nor labels. "" where it
// has, and of the built-in world. A sentence, with a space after it.
std::string PermittedNote(const RunRecord& record);

// The same among what a report does not show: with the note where nothing was measured, else pointing to where it stands.
std::string GradingLimit(const RunDescription::Grader& grader, bool built_in_world);

// Of several graders, or of one that was measured, as text: grader, what it gives, what it is asked
// about. Then how far it agrees with people (a record's unseen sources first), rows behind that,
// date. A further row of the same grader begins with three empty cells.
std::vector<std::vector<std::string>> GraderRows(const RunDescription::Grader& grader);

}  // namespace temper
