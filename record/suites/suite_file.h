#pragma once

#include <string>
#include <vector>

#include "evaluation/suites/measure.h"

namespace temper {

// <folder>/<suite>.suite.json: what the answers to a suite were worth.
//   {"suite", "licence", "judge_note", "answered_by", "graded_by", "words", "prompts", "answered", "answers", "ungraded", "truncated",
//    "own": [FIGURE, ...], "ours": [FIGURE, ...], "points": [{"judge", "over_refusal": ESTIMATE, "right": ESTIMATE}, ...]}
//   FIGURE: {"name", "meaning", "cell", "judge", "estimate": ESTIMATE, "flagged", "note"}
//   ESTIMATE: {"mean", "low", "high", "n", "completions", "few"}, low and high null where there is no interval; null = undefined
std::string SuiteResultJson(const SuiteResult& result);
void WriteSuiteResult(const std::string& folder, const SuiteResult& result);

// All that the folder has, in the order of their names. ConfigError naming a file that is none.
std::vector<SuiteResult> ReadSuiteResults(const std::string& folder);

}  // namespace temper
