#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/base/enum_names.h"
#include "reward/grade/measured.h"
#include "reward/grade/training_rows.h"
#include "reward/linear/calibration.h"
#include "reward/linear/linear_model.h"
#include "reward/text/normalize.h"
#include "reward/text/vocabulary.h"

namespace temper {

// Which text of a row n-grams are read from: the answer, the prompt, or the prompt and then the answer as one text.
enum class TextOf : uint8_t { kAnswer, kPrompt, kBoth };

template <>
struct EnumNames<TextOf> {
  static constexpr std::string_view kWhat = "text";
  static constexpr EnumTable<TextOf, 3> kTable{{{TextOf::kAnswer, "answer"}, {TextOf::kPrompt, "prompt"}, {TextOf::kBoth, "both"}}};
};

// N-grams of one kind of one text. Each space is scaled to length 1 by itself, then by `scale`: a smaller one is regularised more.
struct SpaceOptions {
  TextOf of = TextOf::kAnswer;
  NgramOptions ngrams = {};
  double scale = 1;
};

// The value of a feature j of a text is scale * v_j / |v|, with v_j = (1 + ln count_j) * idf_j.
struct SpaceModel {
  SpaceOptions options;
  Vocabulary vocabulary;
  std::vector<float> weights;  // [place in the vocabulary * outputs + output]
};

// Numbers that are standardised: (value - mean) * scale.
struct StandardModel {
  std::vector<double> means, scales;
  std::vector<double> weights;  // [number * outputs + output]
  size_t size() const { return means.size(); }
};

struct ClassifierModel;

// Another classifier, whose outputs are features of this one.
struct MemberModel {
  std::string name;  // of its file, for people
  std::shared_ptr<const ClassifierModel> model;
};

// The product of what two members say (Classifier::Value, in [0, 1]): high where both are. Places among the members.
struct MemberProduct {
  uint32_t first = 0, second = 0;
};

// Where a classifier comes from and how well it did.
struct ClassifierRecord {
  std::string data_hash;  // Hash128 of the rows it was trained on
  std::string options;    // what `temper classifier train` was told, as JSON
  int64_t rows = 0;
  std::string date;  // YYYY-MM-DD
  std::vector<GraderMeasurement> measured = {};
};

// A feature of a classifier with what it adds to an output where a text has it (once, in a text of nothing else).
struct StrongFeature {
  std::string feature;  // answer words "step by step"
  uint32_t output = 0;
  double weight = 0;
};

// All that a classifier's file holds.
struct ClassifierModel {
  LinearKind kind = LinearKind::kBinary;
  std::vector<std::string> classes;  // in order; of a binary one the second is "yes"
  Normalization normalization;
  std::vector<SpaceModel> spaces;
  std::vector<uint32_t> dense;  // which of DenseFeatures(), rising
  std::vector<MemberModel> members;
  std::vector<MemberProduct> products;
  StandardModel standard;  // the dense features, then the outputs of the members, member by member, then the products
  std::vector<double> offsets;
  Calibration calibration;
  RowHashes trained_on;                       // without the rows of its members
  std::vector<StrongFeature> strongest = {};  // output by output, the largest weights first (reward/classifier/strongest.h)
  ClassifierRecord record;

  size_t outputs() const { return NumOutputs(kind, classes.size()); }
  // What the classes of an ordinal classifier are worth: their names where those are rising numbers, otherwise 0 to 1 in even steps.
  std::vector<double> Levels() const;
};

// The most that any classifier has; a file that says more is refused.
inline constexpr size_t kMaxClasses = 64;
inline constexpr size_t kMaxSpaces = 16;
inline constexpr size_t kMaxMembers = 16;
inline constexpr size_t kMaxProducts = 16;
inline constexpr int kMaxMemberDepth = 3;
inline constexpr size_t kMaxStrongest = 4096;
// Of a classifier and all its members together: their spaces, and the slots that these are hashed into.
inline constexpr size_t kMaxAllSpaces = 1024;
inline constexpr uint64_t kMaxAllSlots = uint64_t{1} << 29;

}  // namespace temper
