#pragma once

#include <vector>

#include "reward/classifier/labelled_rows.h"
#include "reward/classifier/model.h"

namespace temper {

// The features of the model with the largest weights, each by the size of its weight. Of each
// output so many speak for it and so many against it. A multinomial model, whose outputs are
// classes, has only the former. N-grams have their names from the texts of the rows; one slot of
// several n-grams is called after the first of them.
std::vector<StrongFeature> StrongestOf(const ClassifierModel& model, const std::vector<LabelledRow>& rows);
inline constexpr size_t kStrongestOfEach = 15;

}  // namespace temper
