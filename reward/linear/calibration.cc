#include "reward/linear/calibration.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "cluster/base/error.h"

namespace temper {
namespace {

constexpr double kNoPenalty = 1e6;  // c: the slope is free but for flat cases
constexpr double kMinSlope = 1e-3;

// A model of one column whose weight stays as it is.
class OffsetsAlone : public Objective {
 public:
  OffsetsAlone(LinearObjective* model, double weight) : model_(model), variables_(model->size()), gradient_(model->size()) {
    variables_[0] = weight;
  }
  size_t size() const override { return variables_.size() - 1; }
  double Evaluate(std::span<const double> x, std::span<double> gradient) override {
    std::copy(x.begin(), x.end(), variables_.begin() + 1);
    const double value = model_->Evaluate(variables_, gradient_);
    std::copy(gradient_.begin() + 1, gradient_.end(), gradient.begin());
    return value;
  }

 private:
  LinearObjective* model_;
  std::vector<double> variables_, gradient_;
};

// A model of one column, the score, is the calibration.
Calibration PlattOfScore(LinearKind model, size_t classes, std::span<const ScoredRow> rows) {
  SparseRows scores{1, {}};
  std::vector<LinearTarget> targets;
  double yes = 0, no = 0;
  for (const ScoredRow& row : rows) (row.label == 1 ? yes : no) += row.weight;
  for (const ScoredRow& row : rows) {
    const auto index = static_cast<uint32_t>(scores.rows());
    scores.entries.push_back({0, static_cast<float>(row.outputs[0])});
    scores.EndRow();
    if (model == LinearKind::kOrdinal) {
      targets.push_back({index, row.label, row.weight});
      continue;
    }
    const double target = row.label == 1 ? (yes + 1) / (yes + 2) : 1 / (no + 2);
    targets.push_back({index, 1, row.weight * target});
    targets.push_back({index, 0, row.weight * (1 - target)});
  }
  const LbfgsOptions solver = {200, 5, 1e-7};
  const LinearModel fit = FitLinear(model, classes, scores, targets, {kNoPenalty, solver});
  if (fit.weights[0] >= kMinSlope) return {CalibrationKind::kPlatt, fit.weights[0], fit.offsets};
  LinearObjective objective(model, classes, scores, targets, kNoPenalty);
  OffsetsAlone offsets(&objective, kMinSlope);
  std::vector<double> x = objective.Start();
  x.erase(x.begin());
  MinimizeLbfgs(&offsets, solver, &x);
  x.insert(x.begin(), kMinSlope);
  return {CalibrationKind::kPlatt, kMinSlope, objective.OffsetsOf(x)};
}

// - sum of weight ln softmax(e^x (z + b))_label, by x = ln a; b are the offsets of each row's own model.
class TemperatureObjective : public Objective {
 public:
  explicit TemperatureObjective(std::span<const ScoredRow> rows) : rows_(rows) {}
  size_t size() const override { return 1; }
  double Evaluate(std::span<const double> x, std::span<double> gradient) override {
    const double slope = std::exp(x[0]);
    double value = 0, derivative = 0;
    for (const ScoredRow& row : rows_) {
      double largest = -INFINITY, sum = 0, mean = 0;
      for (size_t k = 0; k < row.outputs.size(); ++k) largest = std::max(largest, row.outputs[k] + row.offsets[k]);
      for (size_t k = 0; k < row.outputs.size(); ++k) {
        const double each = row.outputs[k] + row.offsets[k], share = std::exp(slope * (each - largest));
        sum += share;
        mean += share * each;
      }
      const double labelled = row.outputs[row.label] + row.offsets[row.label];
      value += row.weight * (std::log(sum) + slope * (largest - labelled));
      derivative += row.weight * (mean / sum - labelled);
    }
    gradient[0] = derivative * slope;
    return value;
  }

 private:
  std::span<const ScoredRow> rows_;
};

Calibration Temperature(std::span<const ScoredRow> rows) {
  for (const ScoredRow& row : rows)
    TEMPER_CHECK(row.offsets.size() == row.outputs.size(), row.offsets.size(), " offsets beside ", row.outputs.size(), " outputs");
  TemperatureObjective objective(rows);
  std::vector<double> x = {0};
  MinimizeLbfgs(&objective, {100, 5, 1e-7}, &x);
  return {CalibrationKind::kPlatt, std::clamp(std::exp(x[0]), kMinSlope, 1e3)};
}

struct Pool {
  double first = 0, last = 0;  // scores
  double mean = 0, weight = 0;
};

Calibration Isotonic(std::span<const ScoredRow> rows) {
  std::vector<const ScoredRow*> order;
  for (const ScoredRow& row : rows) order.push_back(&row);
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) { return a->outputs[0] < b->outputs[0]; });
  std::vector<Pool> pools;
  for (const ScoredRow* row : order) {
    const double score = row->outputs[0], label = row->label == 1 ? 1 : 0;
    if (!pools.empty() && pools.back().first == score) {  // rows of one score are one pool from the start
      Pool& same = pools.back();
      same.mean = (same.mean * same.weight + label * row->weight) / (same.weight + row->weight);
      same.weight += row->weight;
      continue;
    }
    pools.push_back({score, score, label, row->weight});
  }
  std::vector<Pool> rising;
  for (Pool pool : pools) {
    while (!rising.empty() && rising.back().mean >= pool.mean) {
      const Pool before = rising.back();
      rising.pop_back();
      const double weight = before.weight + pool.weight;
      pool = {before.first, pool.last, (before.mean * before.weight + pool.mean * pool.weight) / weight, weight};
    }
    rising.push_back(pool);
  }
  Calibration out{CalibrationKind::kIsotonic};
  for (const Pool& pool : rising) {
    for (const double score : {pool.first, pool.last}) {
      if (!out.scores.empty() && out.scores.back() == score) continue;
      out.scores.push_back(score);
      out.probabilities.push_back(pool.mean);
    }
  }
  return out;
}

double Interpolate(const Calibration& calibration, double score) {
  const auto& scores = calibration.scores;
  const auto above = static_cast<size_t>(std::lower_bound(scores.begin(), scores.end(), score) - scores.begin());
  if (above == 0) return calibration.probabilities.front();
  if (above == scores.size()) return calibration.probabilities.back();
  const double share = (score - scores[above - 1]) / (scores[above] - scores[above - 1]);
  return calibration.probabilities[above - 1] + share * (calibration.probabilities[above] - calibration.probabilities[above - 1]);
}

}  // namespace

Calibration FitCalibration(CalibrationKind kind, LinearKind model, size_t classes, std::span<const ScoredRow> rows) {
  TEMPER_CHECK(kind != CalibrationKind::kIsotonic || model == LinearKind::kBinary, "isotonic calibration is for two classes");
  std::set<uint32_t> labels;
  for (const ScoredRow& row : rows) labels.insert(row.label);
  if (kind == CalibrationKind::kNone || labels.size() < 2) return {};
  if (kind == CalibrationKind::kIsotonic) return Isotonic(rows);
  if (model == LinearKind::kMultinomial) return Temperature(rows);
  return PlattOfScore(model, classes, rows);
}

std::vector<double> Calibrated(const Calibration& calibration, LinearKind model, std::span<const double> outputs,
                               std::span<const double> offsets) {
  if (calibration.kind == CalibrationKind::kNone) return Probabilities(model, outputs, offsets);
  if (calibration.kind == CalibrationKind::kIsotonic) {
    const double p = Interpolate(calibration, outputs[0]);
    return {1 - p, p};
  }
  std::vector<double> scaled, moved;
  for (const double output : outputs) scaled.push_back(calibration.slope * output);
  if (model != LinearKind::kMultinomial) return Probabilities(model, scaled, calibration.offsets);
  for (const double offset : offsets) moved.push_back(calibration.slope * offset);
  return Probabilities(model, scaled, moved);
}

}  // namespace temper
