#pragma once

#include <vector>

#include "reward/classifier/labelled_rows.h"
#include "reward/classifier/model.h"

namespace temper {

// The features of the model with the largest weights: of each output so many that speak for it and so many that speak against it (of a
// multinomial model, whose outputs are classes, only the former), each by the size of its weight. N-grams have their names from the texts
// of the rows; one slot of several n-grams is called after the first of them.
std::vector<StrongFeature> StrongestOf(const ClassifierModel& model, const std::vector<LabelledRow>& rows);
inline constexpr size_t kStrongestOfEach = 15;

}  // namespace temper
