#pragma once

#include <deque>
#include <string>
#include <vector>

#include "evaluation/options.h"
#include "orchestrator/config/data_options.h"
#include "reward/graders/entry.h"

namespace temper {

// The evaluation sets that are evaluated while a policy trains, in the data's order: eval.every_sets, or the first of those that are
// evaluated.
std::vector<std::string> SetsDuring(const EvalConfig& eval, const DataConfig& data);

// What the figure of a set is called there: during/<set>/<figure>.
std::string DuringName(const std::string& set, const std::string& figure);

// All such figures that an evaluation of the job can have, without the bounds of their intervals. One may be absent in an evaluation where
// no answer counts for it. graders: reward.graders.
std::vector<std::string> DuringFigures(const EvalConfig& eval, const DataConfig& data, const std::deque<GraderEntry>& graders);

// Whether the figure is one of `figures`, or one of their bounds.
bool IsFigureOrBound(const std::string& figure, const std::vector<std::string>& figures);

}  // namespace temper
