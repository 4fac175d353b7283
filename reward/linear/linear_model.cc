#include "reward/linear/linear_model.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "cluster/base/error.h"

namespace temper {
namespace {

double Sigma(double z) { return z >= 0 ? 1 / (1 + std::exp(-z)) : std::exp(z) / (1 + std::exp(z)); }
double LogSigma(double z) { return z >= 0 ? -std::log1p(std::exp(-z)) : z - std::log1p(std::exp(z)); }

// -ln P(label), with its derivative by each output; those by the offsets are added to d_offsets, times `scale`. Offsets of an ordinal
// model are its thresholds here.
double BinaryLoss(double z, uint32_t label, double* d_output) {
  *d_output = Sigma(z) - (label == 1 ? 1.0 : 0.0);
  return -LogSigma(label == 1 ? z : -z);
}

double MultinomialLoss(std::span<const double> z, uint32_t label, std::span<double> d_outputs) {
  const double largest = *std::max_element(z.begin(), z.end());
  double sum = 0;
  for (size_t k = 0; k < z.size(); ++k) sum += d_outputs[k] = std::exp(z[k] - largest);
  for (double& each : d_outputs) each /= sum;
  d_outputs[label] -= 1;
  return largest + std::log(sum) - z[label];
}

// P(label) = sigma(b) - sigma(a) with b = t_label - z and a = t_(label-1) - z, which is sigma(b) sigma(-a) (1 - e^(a-b)).
double OrdinalLoss(double z, uint32_t label, std::span<const double> thresholds, double* d_output, double* d_upper, double* d_lower) {
  const bool has_upper = label<thresholds.size(), has_lower = label> 0;
  const double b = has_upper ? thresholds[label] - z : 0, a = has_lower ? thresholds[label - 1] - z : 0;
  const double gap = has_upper && has_lower ? std::exp(a - b) : 0;
  *d_upper = has_upper ? -(Sigma(-b) + gap / (1 - gap)) : 0;
  *d_lower = has_lower ? Sigma(a) + gap / (1 - gap) : 0;
  *d_output = -(*d_upper + *d_lower);
  return -((has_upper ? LogSigma(b) : 0) + (has_lower ? LogSigma(-a) : 0) + std::log1p(-gap));
}

}  // namespace

size_t NumOutputs(LinearKind kind, size_t classes) { return kind == LinearKind::kMultinomial ? classes : 1; }
size_t NumOffsets(LinearKind kind, size_t classes) { return kind == LinearKind::kOrdinal ? classes - 1 : NumOutputs(kind, classes); }

std::vector<double> Probabilities(LinearKind kind, std::span<const double> outputs, std::span<const double> offsets) {
  std::vector<double> out;
  if (kind == LinearKind::kBinary) {
    const double p = Sigma(outputs[0] + offsets[0]);
    return {1 - p, p};
  }
  if (kind == LinearKind::kOrdinal) {
    double below = 0;
    for (const double threshold : offsets) {
      const double up_to = std::max(Sigma(threshold - outputs[0]), below);
      out.push_back(up_to - below);
      below = up_to;
    }
    out.push_back(1 - below);
    return out;
  }
  for (size_t k = 0; k < outputs.size(); ++k) out.push_back(outputs[k] + offsets[k]);
  const double largest = *std::max_element(out.begin(), out.end());
  double sum = 0;
  for (double& each : out) sum += each = std::exp(each - largest);
  for (double& each : out) each /= sum;
  return out;
}

std::vector<double> LinearModel::Outputs(std::span<const SparseRows::Entry> row) const {
  const size_t outputs = NumOutputs(kind, classes);
  std::vector<double> out(outputs);
  for (const auto& [column, value] : row)
    for (size_t k = 0; k < outputs; ++k) out[k] += weights[column * outputs + k] * value;
  return out;
}

LinearObjective::LinearObjective(LinearKind kind, size_t classes, const SparseRows& rows, std::span<const LinearTarget> targets, double c)
    : kind_(kind),
      classes_(classes),
      outputs_(NumOutputs(kind, classes)),
      rows_(rows),
      targets_(targets),
      c_(c),
      num_weights_(rows.width * outputs_) {
  TEMPER_CHECK(classes >= 2 && (kind != LinearKind::kBinary || classes == 2), "a ", NameOf(kind), " model of ", classes, " classes");
  for (const LinearTarget& target : targets)
    TEMPER_CHECK(target.row < rows.rows() && target.label < classes, "target of row ", target.row, " and class ", target.label);
}

std::vector<double> LinearObjective::OffsetsOf(std::span<const double> x) const {
  std::vector<double> offsets(x.begin() + static_cast<std::ptrdiff_t>(num_weights_), x.end());
  if (kind_ != LinearKind::kOrdinal) return offsets;
  for (size_t k = 1; k < offsets.size(); ++k) offsets[k] = offsets[k - 1] + std::exp(offsets[k]);
  return offsets;
}

std::vector<double> LinearObjective::Start() const {
  std::vector<double> x(size());
  std::vector<double> share(classes_, 1e-6);
  for (const LinearTarget& target : targets_) share[target.label] += target.weight;
  const double all = std::accumulate(share.begin(), share.end(), 0.0);
  for (double& each : share) each /= all;
  const auto offsets = std::span(x).subspan(num_weights_);
  if (kind_ == LinearKind::kBinary) offsets[0] = std::log(share[1] / share[0]);
  if (kind_ == LinearKind::kMultinomial)
    for (size_t k = 0; k < classes_; ++k) offsets[k] = std::log(share[k]);
  if (kind_ != LinearKind::kOrdinal) return x;
  double below = 0, last = 0;
  for (size_t k = 0; k < offsets.size(); ++k) {
    below += share[k];
    const double threshold = std::log(below / (1 - below));
    offsets[k] = k == 0 ? threshold : std::log(std::max(threshold - last, 1e-3));
    last = threshold;
  }
  return x;
}

double LinearObjective::Evaluate(std::span<const double> x, std::span<double> gradient) {
  double value = 0;
  std::fill(gradient.begin(), gradient.end(), 0);
  for (size_t i = 0; i < num_weights_; ++i) {
    value += x[i] * x[i] / 2;
    gradient[i] = x[i];
  }
  const std::vector<double> offsets = OffsetsOf(x);
  std::vector<double> d_offsets(offsets.size()), z(outputs_), d(outputs_);
  for (const LinearTarget& target : targets_) {
    const auto row = rows_.row(target.row);
    std::fill(z.begin(), z.end(), 0);
    for (const auto& [column, entry] : row)
      for (size_t k = 0; k < outputs_; ++k) z[k] += x[column * outputs_ + k] * entry;
    const double scale = c_ * target.weight;
    if (kind_ == LinearKind::kOrdinal) {
      double upper = 0, lower = 0;
      value += scale * OrdinalLoss(z[0], target.label, offsets, d.data(), &upper, &lower);
      if (target.label < offsets.size()) d_offsets[target.label] += scale * upper;
      if (target.label > 0) d_offsets[target.label - 1] += scale * lower;
    } else {
      for (size_t k = 0; k < outputs_; ++k) z[k] += offsets[k];
      value += scale * (kind_ == LinearKind::kBinary ? BinaryLoss(z[0], target.label, d.data()) : MultinomialLoss(z, target.label, d));
      for (size_t k = 0; k < outputs_; ++k) d_offsets[k] += scale * d[k];
    }
    for (double& each : d) each *= scale;
    for (const auto& [column, entry] : row)
      for (size_t k = 0; k < outputs_; ++k) gradient[column * outputs_ + k] += d[k] * entry;
  }
  // A later threshold contains the distances before it.
  double later = 0;
  for (size_t k = offsets.size(); k-- > 0;) {
    later += d_offsets[k];
    const bool distance = kind_ == LinearKind::kOrdinal && k > 0;
    gradient[num_weights_ + k] = kind_ != LinearKind::kOrdinal ? d_offsets[k] : distance ? later * std::exp(x[num_weights_ + k]) : later;
  }
  return value;
}

LinearModel FitLinear(LinearKind kind, size_t classes, const SparseRows& rows, std::span<const LinearTarget> targets,
                      const LinearOptions& options) {
  LinearObjective objective(kind, classes, rows, targets, options.c);
  std::vector<double> x = objective.Start();
  MinimizeLbfgs(&objective, options.solver, &x);
  LinearModel model{kind, classes, {}, objective.OffsetsOf(x)};
  x.resize(rows.width * NumOutputs(kind, classes));
  model.weights = std::move(x);
  return model;
}

}  // namespace temper
