#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "reward/classifier/classifier.h"
#include "reward/classifier/labelled_rows.h"
#include "reward/text/tricks.h"

namespace temper {

// What a classifier says of a row, beside what people say.
struct JudgedRow {
  const LabelledRow* row = nullptr;
  std::vector<double> probabilities;
};

using NamedFigures = std::vector<std::pair<std::string, double>>;

// Those of evaluation/agreement.h that go with the kind of the classifier; one that is undefined for the rows is left out.
// temper qualify calls them the same (evaluation/qualify/comparison.h).
//   binary       accuracy, baseline_accuracy, f1, auroc, ece
//   multinomial  accuracy, baseline_accuracy, f1_macro, f1_CLASS of each class, kappa
//   ordinal      mae and spearman of the expected level, baseline_mae, accuracy of the nearest level
NamedFigures FiguresOf(const ClassifierModel& model, const std::vector<JudgedRow>& rows);

// A line for each part of the rows (by `part_of`, in its order), one for their mean where there are several, and one for all rows.
std::string FigureTable(const ClassifierModel& model, const std::vector<JudgedRow>& rows,
                        const std::function<std::string(const LabelledRow&)>& part_of);

// Of the rows that are yes and are called so, the share that is called no when the answer is under the trick. Binary classifiers only.
struct Flips {
  Trick trick;
  int64_t caught = 0, flipped = 0;
};
std::vector<Flips> CountFlips(Classifier* classifier, const std::vector<JudgedRow>& rows);

// A line of JSON for each row: where it stands, its label, the classes and their probabilities.
std::string JudgedRowsAsJson(const ClassifierModel& model, const std::vector<JudgedRow>& rows);

}  // namespace temper
