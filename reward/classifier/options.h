#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cluster/base/enum_names.h"
#include "reward/classifier/model.h"
#include "reward/text/tricks.h"

namespace temper {

// How much the rows of a class count together.
//   none           each row as its weight says
//   class          every class the same
//   source_class   every class of every source the same: a source counts as the weights of its rows are in the mean
enum class ClassBalance : uint8_t { kNone, kClass, kSourceClass };

template <>
struct EnumNames<ClassBalance> {
  static constexpr std::string_view kWhat = "balance";
  static constexpr EnumTable<ClassBalance, 3> kTable{
      {{ClassBalance::kNone, "none"}, {ClassBalance::kClass, "class"}, {ClassBalance::kSourceClass, "source_class"}}};
};

// Parts whose weights are chosen instead of learned: each part's value is standardised over the rows that are trained on, then counts as
// its weight says. Only for classifiers of one output.
struct Blend {
  double ngrams = 1;            // of the output that the n-grams alone are trained to give
  std::vector<double> numbers;  // of the dense features, then of the members' outputs, then of the products
};

// What a classifier is trained to be.
struct ClassifierOptions {
  LinearKind kind = LinearKind::kBinary;
  std::vector<std::string> classes;  // in order
  std::vector<SpaceOptions> spaces;
  VocabularyOptions vocabulary = {};
  Normalization normalization = {};
  std::vector<uint32_t> dense = {};  // which of DenseFeatures(), rising
  double dense_scale = 1;            // of all standardised numbers: a smaller one is regularised more
  std::vector<MemberModel> members = {};
  std::vector<MemberProduct> products = {};  // of members
  std::optional<Blend> blend = {};           // absent = all weights are learned
  bool pairs = false;                        // n-grams are learned from the differences within pairs (LabelledRow::pair), not from rows
  ClassBalance balance = ClassBalance::kClass;
  LinearOptions linear = {};
  CalibrationKind calibration = CalibrationKind::kPlatt;
  std::vector<Trick> tricks = {};  // copies of each row under them are trained on, too
  std::string trick_label = "";    // copies of rows with this label alone; "" = of all
  int64_t copies = 2;              // of each row, with tricks in turn
  double copy_weight = 0.5;        // of each copy, beside its row's
};

}  // namespace temper
