#pragma once

#include <map>
#include <string>
#include <vector>

#include "orchestrator/stages/rl_metrics.h"

namespace temper {

// Where several graders graded: what each said of a step's answers, and how far they agree. Adds graders/mean_<grader.part>,
// graders/unsafe_<grader>, graders/failed_<grader>, graders/kappa_<pair>, graders/length_correlation_<grader> and
// graders/correlation_<grader.metric>, the metric one of AnswerMetrics(), to *values.
void AddGraderMetrics(const std::vector<const ScoredGroup*>& groups, std::map<std::string, double>* values);

}  // namespace temper
