#pragma once

#include <string>
#include <vector>

#include "record/run_json.h"

namespace temper {

// What the measurements of graders say to people, and who of several graders gives what.

// The value of a figure, null where there is none.
const double* FigureOf(const GraderMeasurement& measured, const std::string& name);

// Those that concern a grader of which these parts of a grade count: what is known of how it finds unsafe answers says nothing of one that
// gives response modes. Where graders are told the intent, figures of the same question with it told stand instead of those without.
std::vector<GraderMeasurement> Concerning(const std::vector<GraderMeasurement>& measured, const std::vector<std::string>& gives,
                                          bool sees_intent);

// What a qualification record says of sources that the grader has not seen, null where there is none.
const GraderMeasurement* UnseenOf(const std::vector<GraderMeasurement>& measured);

// Several graders in one line, "" where there are no entries: "safety by harm (AUROC 0.76 on unseen sources) and asked (intent=malicious
// only); modes by rules; examiner watches and steers nothing".
std::string WhoGrades(const RunDescription::Grader& grader);

// The same as a sentence for terminals, where there is no room for all that is known of them; also of a single grader.
std::string GradingLine(const RunDescription::Grader& grader);

}  // namespace temper
