#pragma once

#include <string>
#include <vector>

#include "evaluation/figures.h"

namespace temper {

// One bar of each chart: what an arm (or "before RL") answered to the prompts of an intent.
struct SeverityAndModesRow {
  std::string intent;
  std::string label;
  EvalCell cell;  // only its counts are looked at
};

// Two charts with their legends: severities of the unsafe answers, and response modes of all graded ones; and how many could not be graded.
std::string HtmlSeverityAndModes(const std::vector<SeverityAndModesRow>& rows);

// Adds the counts of `cell` to *sum; its estimates stay what they are.
void AddCounts(const EvalCell& cell, EvalCell* sum);

}  // namespace temper
