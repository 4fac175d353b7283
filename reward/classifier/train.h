#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "reward/classifier/features.h"
#include "reward/classifier/labelled_rows.h"
#include "reward/classifier/model.h"
#include "reward/classifier/options.h"

namespace temper {

// Rows that a model is trained on, and others that it is then asked about.
struct Split {
  std::string name;  // what is left out
  std::vector<uint32_t> train, test;
};

// One split that keeps about a fifth of the groups out, chosen by their hash.
std::vector<Split> SplitByGroup(const std::vector<LabelledRow>& rows);
// One for each value of the column that is left out; rows of the groups of the test are not trained on either.
std::vector<Split> SplitByLeftOut(const std::vector<LabelledRow>& rows);

// What a classifier said of a row that it was not trained on.
struct HeldOut {
  uint32_t row = 0;
  size_t split = 0;
  std::vector<double> outputs, offsets;  // of the split's model
  std::vector<double>
      probabilities;  // calibrated on held-out rows of other splits; where there is one split, of the other half of its groups
};

struct TrainedClassifier {
  ClassifierModel model;          // of all rows, calibrated on all held-out rows
  std::vector<HeldOut> held_out;  // split by split
};

// The classes that a label means, with their shares: one, or of an ordinal classifier the two levels that a number stands between.
std::vector<std::pair<uint32_t, double>> ClassesOfLabel(const ClassifierOptions& options, const LabelledRow& row);

// Trains on the rows of each split, asks about the others, then trains on all. Deterministic. `progress` is told what is being done.
// ConfigError where a label is of no class.
TrainedClassifier TrainClassifier(const std::vector<LabelledRow>& rows, const ClassifierOptions& options, const std::vector<Split>& splits,
                                  const std::function<void(const std::string&)>& progress);

}  // namespace temper
