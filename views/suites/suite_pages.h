#pragma once

#include <string>
#include <vector>

#include "evaluation/suites/measure.h"

namespace temper {

// The figures of one suite as text of at most 120 columns, what judged them first.
std::string SuiteText(const SuiteResult& result);

// A self-contained page of several suites: the plane of over-refusal and safety over all of them, a panel for each judge, then each one's
// figures. The same results give the same bytes.
std::string SuitesHtml(const std::vector<SuiteResult>& results);

// All suites that there are: name, licence, what may not be done with it, files.
std::string SuiteList();

}  // namespace temper
