#pragma once

#include <string>
#include <vector>

#include "reward/classifier/labelled_rows.h"
#include "reward/classifier/model.h"

namespace temper {

// Where rows come from, each once, sorted: what their column of the source says, or the names of their files without folder and ending.
std::vector<std::string> SourcesOf(const std::vector<LabelledRow>& rows);

// The sources of the rows that a classifier and its members were trained on ("sources" of ClassifierRecord::options), sorted. Empty where
// one of them does not say.
std::vector<std::string> TrainingSourcesOf(const ClassifierModel& model);

}  // namespace temper
