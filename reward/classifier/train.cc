#include "reward/classifier/train.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <numeric>
#include <set>
#include <utility>

#include "cluster/base/error.h"
#include "cluster/base/hash.h"
#include "reward/classifier/classifier.h"
#include "reward/classifier/sources.h"
#include "reward/classifier/strongest.h"

namespace temper {
namespace {

constexpr uint64_t kParts = 5;  // of which one is held out

uint64_t GroupHash(const LabelledRow& row) { return Hash64(Concat("split:", row.group)); }

using LabelClasses = std::vector<std::vector<std::pair<uint32_t, double>>>;  // by row

// The weight of each row, balanced, with a mean of 1.
std::vector<double> BalancedWeights(const std::vector<LabelledRow>& rows, std::span<const uint32_t> train, const LabelClasses& labels,
                                    const ClassifierOptions& options) {
  std::map<std::pair<std::string, uint32_t>, double> sums;
  const auto key = [&](uint32_t row) {
    return std::pair(options.balance == ClassBalance::kSourceClass ? rows[row].source : "", labels[row].front().first);
  };
  for (const uint32_t row : train) sums[key(row)] += options.balance == ClassBalance::kClass ? rows[row].weight : 1;
  std::vector<double> weights;
  double all = 0;
  for (const uint32_t row : train) {
    weights.push_back(rows[row].weight / (options.balance == ClassBalance::kNone ? 1 : sums[key(row)]));
    all += weights.back();
  }
  for (double& weight : weights) weight *= all > 0 ? static_cast<double>(train.size()) / all : 1;
  return weights;
}

// The texts of these rows, copies included, and what each weighs.
struct TrainingTexts {
  std::vector<uint32_t> texts;
  std::vector<double> weights;
};

TrainingTexts TextsOf(const TextFeatures& features, size_t num_rows, std::span<const uint32_t> train, std::span<const double> weights,
                      double copy_weight) {
  std::vector<double> weight_of(num_rows);
  for (size_t i = 0; i < train.size(); ++i) weight_of[train[i]] = weights[i];
  TrainingTexts out;
  for (uint32_t text = 0; text < features.size(); ++text) {
    const double weight = weight_of[features.row_of(text)] * (text < num_rows ? 1 : copy_weight);
    if (weight == 0) continue;
    out.texts.push_back(text);
    out.weights.push_back(weight);
  }
  return out;
}

// Of every two texts of a pair of which one is yes and the other no their difference, both ways round: what sets them apart, without what
// their question has to do with it. Copies under tricks are texts of the pair, too.
void PairUp(const std::vector<LabelledRow>& rows, const LabelClasses& labels, const TextFeatures& features, const TrainingTexts& texts,
            SparseRows* matrix, std::vector<LinearTarget>* targets) {
  std::map<std::string, std::vector<size_t>> no_of_pair;
  for (size_t i = 0; i < texts.texts.size(); ++i) {
    const uint32_t row = features.row_of(texts.texts[i]);
    if (labels[row].front().first == 0 && !rows[row].pair.empty()) no_of_pair[rows[row].pair].push_back(i);
  }
  SparseRows differences{matrix->width, {}};
  for (size_t i = 0; i < texts.texts.size(); ++i) {
    const uint32_t row = features.row_of(texts.texts[i]);
    const auto others = no_of_pair.find(rows[row].pair);
    if (labels[row].front().first == 0 || others == no_of_pair.end()) continue;
    for (const size_t other : others->second) {
      for (const float sign : {1.0F, -1.0F}) {
        for (const auto& [column, value] : matrix->row(i)) differences.entries.push_back({column, sign * value});
        for (const auto& [column, value] : matrix->row(other)) differences.entries.push_back({column, -sign * value});
        targets->push_back({static_cast<uint32_t>(differences.rows()), sign > 0 ? 1U : 0U, texts.weights[i] / 2});
        differences.EndRow();
      }
    }
  }
  *matrix = std::move(differences);
}

// Weights by the blend: those that the n-grams learned are scaled so that their output has the blend's deviation over the texts, those of
// the numbers are the blend's.
LinearModel Blended(const Blend& blend, const LinearModel& learned, const SparseRows& matrix, std::span<const double> weights) {
  double all = 0, sum = 0, squares = 0;
  for (size_t i = 0; i < matrix.rows(); ++i) {
    const double output = learned.Outputs(matrix.row(i))[0];
    all += weights[i];
    sum += weights[i] * output;
    squares += weights[i] * output * output;
  }
  const double mean = sum / all, deviation = std::sqrt(std::max(0.0, squares / all - mean * mean));
  const double scale = deviation > 0 ? blend.ngrams / deviation : 0;
  LinearModel out = learned;
  for (double& weight : out.weights) weight *= scale;
  for (double& offset : out.offsets) offset *= scale > 0 ? scale : 1;
  out.weights.insert(out.weights.end(), blend.numbers.begin(), blend.numbers.end());
  return out;
}

ClassifierModel Fit(const std::vector<LabelledRow>& rows, const LabelClasses& labels, const TextFeatures& features,
                    const ClassifierOptions& options, std::span<const uint32_t> train) {
  const TrainingTexts texts = TextsOf(features, rows.size(), train, BalancedWeights(rows, train, labels, options), options.copy_weight);
  TEMPER_CHECK(!texts.texts.empty(), "no row to train on");
  ClassifierModel model = features.Prepare(texts.texts, texts.weights);
  SparseRows matrix = features.Matrix(model, texts.texts, !options.blend);
  std::vector<LinearTarget> targets;
  if (options.pairs) {
    PairUp(rows, labels, features, texts, &matrix, &targets);
    if (targets.empty()) throw ConfigError("no pair has a row of each class");
  } else {
    for (size_t i = 0; i < texts.texts.size(); ++i)
      for (const auto& [label, share] : labels[features.row_of(texts.texts[i])])
        targets.push_back({static_cast<uint32_t>(i), label, texts.weights[i] * share});
  }
  LinearModel linear = FitLinear(options.kind, options.classes.size(), matrix, targets, options.linear);
  if (options.blend)
    linear = Blended(*options.blend, linear, options.pairs ? features.Matrix(model, texts.texts, false) : matrix, texts.weights);
  SetWeights(linear, &model);
  return model;
}

std::vector<HeldOut> Ask(const ClassifierModel& model, const std::vector<LabelledRow>& rows, const std::vector<uint32_t>& test,
                         size_t split) {
  Classifier classifier(std::make_shared<ClassifierModel>(model));
  std::vector<HeldOut> out;
  for (const uint32_t row : test) {
    std::vector<double> outputs = classifier.Classify(rows[row].prompt, rows[row].answer).outputs;
    out.push_back({row, split, std::move(outputs), model.offsets, {}});
  }
  return out;
}

std::vector<ScoredRow> ScoredRows(const std::vector<HeldOut>& held_out, const LabelClasses& labels,
                                  const std::function<bool(const HeldOut&)>& takes) {
  std::vector<ScoredRow> out;
  for (const HeldOut& each : held_out) {
    if (!takes(each)) continue;
    for (const auto& [label, share] : labels[each.row]) out.push_back({each.outputs, label, share, each.offsets});
  }
  return out;
}

// Calibrates every held-out row by rows of other parts, and the model by all of them.
void CalibrateAll(const std::vector<LabelledRow>& rows, const LabelClasses& labels, const ClassifierOptions& options, size_t num_splits,
                  TrainedClassifier* trained) {
  const size_t classes = options.classes.size();
  const auto part_of = [&](const HeldOut& each) { return num_splits > 1 ? each.split : (GroupHash(rows[each.row]) / kParts) % 2; };
  const auto fit = [&](const std::function<bool(const HeldOut&)>& takes) {
    return FitCalibration(options.calibration, options.kind, classes, ScoredRows(trained->held_out, labels, takes));
  };
  for (size_t part = 0; part < std::max<size_t>(num_splits, 2); ++part) {
    const Calibration by_others = fit([&](const HeldOut& each) { return part_of(each) != part; });
    for (HeldOut& each : trained->held_out)
      if (part_of(each) == part) each.probabilities = Calibrated(by_others, options.kind, each.outputs, each.offsets);
  }
  trained->model.calibration = fit([](const HeldOut&) { return true; });
}

}  // namespace

std::vector<Split> SplitByGroup(const std::vector<LabelledRow>& rows) {
  Split split{"a fifth of the groups", {}, {}};
  for (uint32_t row = 0; row < rows.size(); ++row) (GroupHash(rows[row]) % kParts == 0 ? split.test : split.train).push_back(row);
  return {split};
}

std::vector<Split> SplitByLeftOut(const std::vector<LabelledRow>& rows) {
  std::map<std::string, Split> splits;
  for (uint32_t row = 0; row < rows.size(); ++row) {
    if (rows[row].left_out.empty()) continue;
    Split& split = splits[rows[row].left_out];
    split.name = rows[row].left_out;
    split.test.push_back(row);
  }
  std::vector<Split> out;
  for (auto& [name, split] : splits) {
    std::set<std::string> groups;
    for (const uint32_t row : split.test) groups.insert(rows[row].group);
    for (uint32_t row = 0; row < rows.size(); ++row)
      if (rows[row].left_out != name && !groups.contains(rows[row].group)) split.train.push_back(row);
    out.push_back(std::move(split));
  }
  return out;
}

std::vector<std::pair<uint32_t, double>> ClassesOfLabel(const ClassifierOptions& options, const LabelledRow& row) {
  const auto& classes = options.classes;
  const auto same = std::find(classes.begin(), classes.end(), row.label);
  if (same != classes.end()) return {{static_cast<uint32_t>(same - classes.begin()), 1.0}};
  const std::optional<double> number = NumberOf(row.label);
  if (number && options.kind == LinearKind::kOrdinal) {
    for (uint32_t k = 0; k < classes.size(); ++k) {
      const double level = NumberOf(classes[k]).value_or(INFINITY);
      if (*number == level) return {{k, 1.0}};
      if (k == 0 || *number > level) continue;
      const double below = NumberOf(classes[k - 1]).value_or(-INFINITY);
      if (*number < below) break;
      const double share = (*number - below) / (level - below);
      if (share <= 0.5) return {{k - 1, 1 - share}, {k, share}};
      return {{k, share}, {k - 1, 1 - share}};
    }
  }
  std::string known;
  for (const std::string& name : classes) known += (known.empty() ? "" : ", ") + name;
  throw ConfigError(Concat(row.place, ": the label '", row.label, "' is not one of the classes ", known));
}

TrainedClassifier TrainClassifier(const std::vector<LabelledRow>& rows, const ClassifierOptions& options, const std::vector<Split>& splits,
                                  const std::function<void(const std::string&)>& progress) {
  LabelClasses labels;
  for (const LabelledRow& row : rows) labels.push_back(ClassesOfLabel(options, row));
  progress(Concat("counting n-grams of ", rows.size(), " texts"));
  const TextFeatures features(rows, options);
  TrainedClassifier trained;
  for (size_t i = 0; i < splits.size(); ++i) {
    if (splits[i].test.empty() || splits[i].train.empty()) continue;
    progress(Concat("training on ", splits[i].train.size(), " rows without ", splits[i].name, " (", splits[i].test.size(), ")"));
    const auto said = Ask(Fit(rows, labels, features, options, splits[i].train), rows, splits[i].test, i);
    trained.held_out.insert(trained.held_out.end(), said.begin(), said.end());
  }
  progress(Concat("training on all ", rows.size(), " rows"));
  std::vector<uint32_t> all(rows.size());
  std::iota(all.begin(), all.end(), 0U);
  trained.model = Fit(rows, labels, features, options, all);
  trained.model.trained_on = HashesOf(rows);
  trained.model.strongest = StrongestOf(trained.model, rows);
  CalibrateAll(rows, labels, options, splits.size(), &trained);
  return trained;
}

}  // namespace temper
