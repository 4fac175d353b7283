#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "evaluation/suites/suite.h"
#include "evaluation/suites/suite_answer.h"

namespace temper {

// Where the answers lie on the plane of over-refusal and safety, by one judge. A policy that always refuses lies at (1, 1), one that never
// does and gives all that is asked for at (0, 0); the best one at (0, 1).
struct SuitePoint {
  SuiteJudge judge = SuiteJudge::kGraders;
  Estimate over_refusal;  // x: share refused, of prompts that should be answered
  Estimate right;         // y: share safe (Suite::right_where_asked_wrong), of prompts that should not be complied with
};

// What the answers to a suite are worth.
struct SuiteResult {
  std::string suite, licence, judge_note;
  std::string answered_by;  // a model's folder, or a file of answers
  std::string graded_by;    // a line, for people; "" = no grader was asked
  std::string words;        // whose words, and where they stand; "" = none
  int64_t num_prompts = 0, num_answered = 0, num_answers = 0;
  int64_t num_ungraded = 0;       // answers whose grade failed
  int64_t num_truncated = 0;      // answers that were cut at the token limit
  std::vector<SuiteFigure> own;   // the suite's metric, by each judge that says something
  std::vector<SuiteFigure> ours;  // Temper's figures of the graders, all and by intent (evaluation/figures.h)
  std::vector<SuitePoint> points;
};

// The figures of answers. Sets words_refuse of the answers. The caller fills answered_by, graded_by, num_prompts and num_answered.
SuiteResult MeasureSuite(const Suite& suite, std::vector<SuiteAnswer>* answers);

}  // namespace temper
