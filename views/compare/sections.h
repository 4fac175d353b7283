#pragma once

#include <string>

#include "views/compare/comparison.h"

namespace temper {

// Sections of the page of several runs; each is "" where there is nothing to show.

// Learning curves, mean and band over the runs of each condition (curves.cc).
std::string HtmlCurves(const RunsComparison& comparison);

// What the charts of one evaluation set show over the runs of each condition: trade-off by intent, figures by intent, severities and
// modes (eval.cc).
std::string HtmlComparedSet(const RunsComparison& comparison, const std::string& set);

// Settings and origins that differ, with a warning where figures are not comparable for it (origin.cc).
std::string HtmlCompared(const RunsComparison& comparison);

}  // namespace temper
