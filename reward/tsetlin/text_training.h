#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "reward/tsetlin/constraints.h"
#include "reward/tsetlin/model.h"

namespace temper {

struct LabelledText {
  std::string text;
  std::string label;
};

struct TsetlinTraining {
  TsetlinOptions machine;
  TermOptions terms;
  TermChoice choice;
  int64_t epochs = 60;
  int threads = 1;
};

// Trains a model on texts; `after_epoch`, where given, is called after each. The labels' names are
// the model's in their order; with two, votes are for the second. With `start` training goes on
// from that model: its terms, labels and options stay, and its constraints where `constraints` is
// null. Throws ConfigError for constraints that do not fit, and for data that cannot be learned
// from. Such data has one label only, a label that no rule can name or that the start does not
// have, or no term in enough rows.
TsetlinModel TrainTsetlinModel(std::span<const LabelledText> rows, const TsetlinSource& source, const TsetlinTraining& training,
                               const TsetlinModel* start, const std::vector<TsetlinConstraint>* constraints,
                               const std::function<void(int64_t epoch, const TsetlinModel& model)>& after_epoch = {});

}  // namespace temper
