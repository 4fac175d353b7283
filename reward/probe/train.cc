#include "reward/probe/train.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

#include "cluster/base/error.h"
#include "cluster/base/hash.h"
#include "reward/classifier/sources.h"

namespace temper {
namespace {

using Classes = std::vector<std::pair<uint32_t, double>>;  // of a label, with their shares

class Trainer {
 public:
  Trainer(const std::vector<LabelledRow>& rows, std::span<const float> features, const ProbeOptions& options)
      : rows_(rows), features_(features), options_(options), width_(features.size() / std::max<size_t>(1, rows.size())) {
    ClassifierOptions labels;
    labels.kind = options.kind;
    labels.classes = options.classes;
    for (const LabelledRow& row : rows) labels_.push_back(ClassesOfLabel(labels, row));
  }

  std::span<const float> FeaturesOf(uint32_t row) const { return features_.subspan(row * width_, width_); }
  const Classes& LabelOf(uint32_t row) const { return labels_[row]; }

  ClassifierModel Fit(std::span<const uint32_t> train, double c) const {
    ClassifierModel head;
    head.kind = options_.kind;
    head.classes = options_.classes;
    Standardise(train, &head.standard);
    const LinearModel fitted = FitLinear(options_.kind, options_.classes.size(), Matrix(train, head.standard), Targets(train), {c, {}});
    head.standard.weights = fitted.weights;
    head.offsets = fitted.offsets;
    return head;
  }

  // The penalty with the least log-loss on a fifth of the groups.
  double ChoosePenalty(std::span<const uint32_t> train) const {
    std::vector<uint32_t> kept, asked;
    for (const uint32_t row : train) (Hash64(Concat("penalty:", rows_[row].group)) % 5 == 0 ? asked : kept).push_back(row);
    if (kept.empty() || asked.empty()) return kPenalties[std::size(kPenalties) / 2];
    double best = INFINITY, chosen = 0;
    for (const double c : kPenalties) {
      const double loss = LogLoss(Fit(kept, c), asked);
      if (loss < best) std::tie(best, chosen) = std::pair(loss, c);
    }
    return chosen;
  }

 private:
  void Standardise(std::span<const uint32_t> train, StandardModel* standard) const {
    std::vector<double> sums(width_), squares(width_);
    for (const uint32_t row : train)
      for (size_t i = 0; i < width_; ++i) sums[i] += double{FeaturesOf(row)[i]};
    const auto n = static_cast<double>(train.size());
    for (double& sum : sums) sum /= n;
    for (const uint32_t row : train)
      for (size_t i = 0; i < width_; ++i) squares[i] += std::pow(double{FeaturesOf(row)[i]} - sums[i], 2);
    standard->means = std::move(sums);
    for (const double square : squares) standard->scales.push_back(square > 0 ? 1 / std::sqrt(square / n) : 0);
  }

  SparseRows Matrix(std::span<const uint32_t> train, const StandardModel& standard) const {
    SparseRows matrix;
    matrix.width = width_;
    matrix.entries.reserve(train.size() * width_);
    for (const uint32_t row : train) {
      const std::span<const float> values = FeaturesOf(row);
      for (uint32_t i = 0; i < width_; ++i)
        matrix.entries.push_back({i, static_cast<float>((double{values[i]} - standard.means[i]) * standard.scales[i])});
      matrix.EndRow();
    }
    return matrix;
  }

  // Weights have a mean of 1; with `balance` every class weighs the same.
  std::vector<LinearTarget> Targets(std::span<const uint32_t> train) const {
    std::map<uint32_t, double> sums;
    for (const uint32_t row : train) sums[labels_[row].front().first] += rows_[row].weight;
    double all = 0;
    std::vector<double> weights;
    for (const uint32_t row : train) {
      weights.push_back(rows_[row].weight / (options_.balance ? sums[labels_[row].front().first] : 1));
      all += weights.back();
    }
    std::vector<LinearTarget> targets;
    for (uint32_t i = 0; i < train.size(); ++i)
      for (const auto& [label, share] : labels_[train[i]])
        targets.push_back({i, label, weights[i] * share * static_cast<double>(train.size()) / all});
    return targets;
  }

  double LogLoss(const ClassifierModel& head, std::span<const uint32_t> asked) const {
    double loss = 0;
    for (const uint32_t row : asked) {
      const std::vector<double> said = Probabilities(head.kind, OutputsOf(head, FeaturesOf(row)), head.offsets);
      for (const auto& [label, share] : labels_[row]) loss -= share * std::log(std::max(said[label], 1e-12));
    }
    return loss / static_cast<double>(asked.size());
  }

  const std::vector<LabelledRow>& rows_;
  const std::span<const float> features_;
  const ProbeOptions& options_;
  const size_t width_;
  std::vector<Classes> labels_;
};

// Calibrates every held-out row by rows of other parts, and the head by all of them.
void Calibrate(const std::vector<LabelledRow>& rows, const Trainer& trainer, const ProbeOptions& options, size_t num_splits,
               TrainedProbe* trained) {
  ClassifierModel& head = trained->head;
  const auto part_of = [&](const HeldOut& each) {
    return num_splits > 1 ? each.split : static_cast<size_t>(Hash64(Concat("half:", rows[each.row].group)) % 2);
  };
  const auto fit = [&](const std::function<bool(const HeldOut&)>& takes) {
    std::vector<ScoredRow> scored;
    for (const HeldOut& each : trained->held_out)
      for (const auto& [label, share] : trainer.LabelOf(each.row))
        if (takes(each)) scored.push_back({each.outputs, label, share, each.offsets});
    return FitCalibration(options.calibration, options.kind, options.classes.size(), scored);
  };
  for (size_t part = 0; part < std::max<size_t>(num_splits, 2); ++part) {
    const Calibration by_others = fit([&](const HeldOut& each) { return part_of(each) != part; });
    for (HeldOut& each : trained->held_out)
      if (part_of(each) == part) each.probabilities = Calibrated(by_others, options.kind, each.outputs, each.offsets);
  }
  head.calibration = fit([](const HeldOut&) { return true; });
}

}  // namespace

TrainedProbe TrainProbe(const std::vector<LabelledRow>& rows, std::span<const float> features, const ProbeOptions& options,
                        const std::vector<Split>& splits, const std::function<void(const std::string&)>& progress) {
  const Trainer trainer(rows, features, options);
  TrainedProbe trained;
  for (size_t i = 0; i < splits.size(); ++i) {
    const Split& split = splits[i];
    if (split.test.empty() || split.train.empty()) continue;
    const double c = options.c > 0 ? options.c : trainer.ChoosePenalty(split.train);
    progress(Concat("training on ", split.train.size(), " rows without ", split.name, " (", split.test.size(), "), C ", c));
    const ClassifierModel head = trainer.Fit(split.train, c);
    for (const uint32_t row : split.test) trained.held_out.push_back({row, i, OutputsOf(head, trainer.FeaturesOf(row)), head.offsets, {}});
  }
  std::vector<uint32_t> all(rows.size());
  std::iota(all.begin(), all.end(), 0U);
  trained.c = options.c > 0 ? options.c : trainer.ChoosePenalty(all);
  progress(Concat("training on all ", rows.size(), " rows, C ", trained.c));
  trained.head = trainer.Fit(all, trained.c);
  trained.head.trained_on = HashesOf(rows);
  Calibrate(rows, trainer, options, splits.size(), &trained);
  return trained;
}

}  // namespace temper
