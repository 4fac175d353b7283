#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "reward/classifier/labelled_rows.h"
#include "reward/classifier/train.h"
#include "reward/probe/probe.h"

namespace temper {

struct ProbeOptions {
  LinearKind kind = LinearKind::kBinary;
  std::vector<std::string> classes;  // in order
  bool balance = true;               // every class counts the same
  double c = 0;                      // inverse strength of the penalty; 0 = the best of kPenalties on a fifth of the groups trained on
  CalibrationKind calibration = CalibrationKind::kPlatt;
};
inline constexpr double kPenalties[] = {1e-5, 1e-4, 1e-3, 1e-2, 1e-1};

struct TrainedProbe {
  ClassifierModel head;           // of all rows, calibrated on all held-out rows
  double c = 0;                   // that it was trained with
  std::vector<HeldOut> held_out;  // split by split, each calibrated on rows of other splits; of one split on the other half of its groups
};

// Trains heads on the features [rows, width] of the rows: on those of each split, asking about the others, then on all. Features are
// standardised by the rows trained on. Deterministic. `progress` is told what is being done. ConfigError where a label is of no class.
TrainedProbe TrainProbe(const std::vector<LabelledRow>& rows, std::span<const float> features, const ProbeOptions& options,
                        const std::vector<Split>& splits, const std::function<void(const std::string&)>& progress);

}  // namespace temper
