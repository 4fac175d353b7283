#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reward/classifier/labelled_rows.h"
#include "reward/classifier/options.h"

namespace temper {

// The arguments that say which rows are read and how.
struct LabelArguments {
  std::vector<std::string> data;
  LabelColumns columns;
  std::vector<std::string> renamed;  // OLD=NEW
  std::string yes_from;              // "" or a number
};

// The arguments that say what is trained.
struct ClassifierTrainArguments {
  LabelArguments labels;
  bool ordinal = false, multiclass = false;
  std::vector<std::string> classes;
  std::vector<std::string> spaces;
  bool no_ngrams = false;
  std::vector<std::string> dense;
  std::vector<std::string> members;
  std::vector<std::string> products;  // A*B or A*B:WEIGHT
  std::optional<double> ngrams_weight;
  std::vector<std::string> tricks;
  std::string balance = "class";
  std::string calibration = "platt";
  int64_t max_characters = 1500;
  int64_t slot_bits = 20;
  bool keep_spaced = false;
  ClassifierOptions options;  // the numbers in it
  std::string held_out;
  std::string out;
};

}  // namespace temper
