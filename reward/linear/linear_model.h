#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cluster/base/enum_names.h"
#include "reward/linear/lbfgs.h"
#include "reward/text/sparse_rows.h"

namespace temper {

// How the outputs of a linear model z = w x become probabilities of its classes.
//   binary       one output: P(second class) = sigma(z + b)
//   multinomial  an output each class: P(k) = exp(z_k + b_k) / sum
//   ordinal      one output, classes in their order: P(y <= k) = sigma(t_k - z) with rising thresholds t (proportional odds, McCullagh
//   1980)
enum class LinearKind : uint8_t { kBinary, kMultinomial, kOrdinal };

template <>
struct EnumNames<LinearKind> {
  static constexpr std::string_view kWhat = "kind of model";
  static constexpr EnumTable<LinearKind, 3> kTable{
      {{LinearKind::kBinary, "binary"}, {LinearKind::kMultinomial, "multinomial"}, {LinearKind::kOrdinal, "ordinal"}}};
};

size_t NumOutputs(LinearKind kind, size_t classes);
// Of `offsets`: the intercept of each output, or the thresholds, one less than classes.
size_t NumOffsets(LinearKind kind, size_t classes);

// The outputs (one, or one a class) and the offsets to probabilities of the classes, which sum to 1.
std::vector<double> Probabilities(LinearKind kind, std::span<const double> outputs, std::span<const double> offsets);

// That a row is of a class, and how much that counts. A row may have several, e.g. where a label stands between two levels.
struct LinearTarget {
  uint32_t row = 0;
  uint32_t label = 0;
  double weight = 1;
};

struct LinearModel {
  LinearKind kind = LinearKind::kBinary;
  size_t classes = 2;
  std::vector<double> weights;  // [column * outputs + output]
  std::vector<double> offsets;

  std::vector<double> Outputs(std::span<const SparseRows::Entry> row) const;
};

// 1/2 |w|^2 + c * (sum of weight * -ln P(label)) of scikit-learn's LogisticRegression: offsets are not penalised. The variables are the
// weights, then the intercepts, or the first threshold and the logarithms of the distances to the next ones. Rows and targets are borrowed.
class LinearObjective : public Objective {
 public:
  LinearObjective(LinearKind kind, size_t classes, const SparseRows& rows, std::span<const LinearTarget> targets, double c);
  size_t size() const override { return num_weights_ + NumOffsets(kind_, classes_); }
  double Evaluate(std::span<const double> x, std::span<double> gradient) override;
  // The offsets that the variables mean.
  std::vector<double> OffsetsOf(std::span<const double> x) const;
  // Variables to start from: no weights, the offsets as frequent as the classes are.
  std::vector<double> Start() const;

 private:
  const LinearKind kind_;
  const size_t classes_, outputs_;
  const SparseRows& rows_;
  const std::span<const LinearTarget> targets_;
  const double c_;
  const size_t num_weights_;
};

struct LinearOptions {
  double c = 1;  // the inverse of the strength of the regularisation
  LbfgsOptions solver = {};
};

LinearModel FitLinear(LinearKind kind, size_t classes, const SparseRows& rows, std::span<const LinearTarget> targets,
                      const LinearOptions& options);

}  // namespace temper
