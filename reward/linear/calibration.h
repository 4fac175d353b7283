#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cluster/base/enum_names.h"
#include "reward/linear/linear_model.h"

namespace temper {

// How outputs become probabilities that hold, learned from rows that the model was not trained on.
//   none      as the model has them
//   platt     binary: sigma(a z + b), with Platt's (1999) targets (n+ + 1) / (n+ + 2) and 1 / (n- + 2); ordinal: a z and new thresholds;
//             multinomial: one temperature, softmax(a (z + b)) (Guo et al. 2017)
//   isotonic  binary only: the rising steps nearest to the labels (pool adjacent violators), with straight lines between
enum class CalibrationKind : uint8_t { kNone, kPlatt, kIsotonic };

template <>
struct EnumNames<CalibrationKind> {
  static constexpr std::string_view kWhat = "calibration";
  static constexpr EnumTable<CalibrationKind, 3> kTable{
      {{CalibrationKind::kNone, "none"}, {CalibrationKind::kPlatt, "platt"}, {CalibrationKind::kIsotonic, "isotonic"}}};
};

struct Calibration {
  CalibrationKind kind = CalibrationKind::kNone;
  double slope = 1;                                     // platt: a > 0
  std::vector<double> offsets = {};                     // platt: the intercept or thresholds instead of the model's; multinomial: none
  std::vector<double> scores = {}, probabilities = {};  // isotonic: corners, both rising; before the first and behind the last it is flat
};

// The outputs of a model for one row.
struct ScoredRow {
  std::vector<double> outputs;
  uint32_t label = 0;
  double weight = 1;
  std::vector<double> offsets = {};  // of the model that gave the outputs; only multinomial rows need them
};

// Where the rows tell nothing (fewer than two classes) it is kNone. Where the outputs speak against the labels the slope is the least there
// is, and the offsets are those that go with it.
Calibration FitCalibration(CalibrationKind kind, LinearKind model, size_t classes, std::span<const ScoredRow> rows);

std::vector<double> Calibrated(const Calibration& calibration, LinearKind model, std::span<const double> outputs,
                               std::span<const double> offsets);

}  // namespace temper
