#pragma once

#include <string>
#include <vector>

#include "reward/classifier/labelled_rows.h"
#include "reward/classifier/model.h"
#include "reward/grade/training_rows.h"

namespace temper {

// Where rows come from, each once, sorted: what their column of the source says, or the names of their files without folder and ending.
std::vector<std::string> SourcesOf(const std::vector<LabelledRow>& rows);

// The hashes of the rows' texts.
RowHashes HashesOf(const std::vector<LabelledRow>& rows);

// What a classifier and its members were trained on. It has the sources that they name ("sources"
// of ClassifierRecord::options), sorted, and the hashes of all their rows; none where one of them
// has none.
TrainingRows TrainingRowsOf(const ClassifierModel& model);

// Of the rows those that a member of the classifier was trained on, whose figures say less than they seem to; all where a member does not
// tell.
std::vector<bool> KnownToMembers(const std::vector<MemberModel>& members, const std::vector<LabelledRow>& rows);

}  // namespace temper
