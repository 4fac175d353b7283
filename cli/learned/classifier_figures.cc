#include "cli/learned/classifier_figures.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <map>
#include <optional>
#include <sstream>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "evaluation/agreement.h"

namespace temper {
namespace {

constexpr double kThreshold = 0.5;

void Add(const std::string& name, const std::optional<double>& value, NamedFigures* figures) {
  if (value) figures->emplace_back(name, *value);
}

size_t ClassOf(const ClassifierModel& model, const LabelledRow& row) {
  const auto found = std::find(model.classes.begin(), model.classes.end(), row.label);
  if (found != model.classes.end()) return static_cast<size_t>(found - model.classes.begin());
  std::string known;
  for (const std::string& name : model.classes) known += (known.empty() ? "" : ", ") + name;
  throw ConfigError(Concat(row.place, ": the label '", row.label, "' is not one of the classes ", known));
}

NamedFigures OfBinary(const ClassifierModel& model, const std::vector<JudgedRow>& rows) {
  std::vector<ScoredLabel> scored;
  for (const JudgedRow& each : rows) scored.push_back({each.probabilities[1], ClassOf(model, *each.row) == 1});
  const BinaryCounts counts = CountBinary(scored, kThreshold);
  NamedFigures figures;
  Add("accuracy", counts.Accuracy(), &figures);
  Add("baseline_accuracy", counts.MajorityBaseline(), &figures);
  Add("f1", counts.F1(), &figures);
  Add("auroc", AreaUnderRoc(scored), &figures);
  Add("ece", CalibrationError(scored, kCalibrationBins), &figures);
  return figures;
}

NamedFigures OfClasses(const ClassifierModel& model, const std::vector<JudgedRow>& rows) {
  ClassCounts counts(model.classes.size());
  for (const JudgedRow& each : rows) counts.Add(ClassOf(model, *each.row), Classification{{}, each.probabilities}.Best());
  NamedFigures figures;
  Add("accuracy", counts.Accuracy(), &figures);
  Add("baseline_accuracy", counts.MajorityBaseline(), &figures);
  Add("f1_macro", counts.MacroF1(), &figures);
  for (size_t k = 0; k < model.classes.size(); ++k) Add("f1_" + model.classes[k], counts.F1(k), &figures);
  Add("kappa", counts.Kappa(KappaWeights::kNone), &figures);
  return figures;
}

NamedFigures OfLevels(const ClassifierModel& model, const std::vector<JudgedRow>& rows) {
  const std::vector<double> levels = model.Levels();
  const auto nearest = [&](double value) {
    size_t best = 0;
    for (size_t k = 1; k < levels.size(); ++k)
      if (std::abs(levels[k] - value) < std::abs(levels[best] - value)) best = k;
    return best;
  };
  std::vector<ValuePair> pairs;
  ClassCounts counts(levels.size());
  for (const JudgedRow& each : rows) {
    double value = 0;
    for (size_t k = 0; k < levels.size(); ++k) value += each.probabilities[k] * levels[k];
    const auto named = std::find(model.classes.begin(), model.classes.end(), each.row->label);
    const std::optional<double> number = NumberOf(each.row->label);
    if (named == model.classes.end() && !number) ClassOf(model, *each.row);  // throws
    const double people = named != model.classes.end() ? levels[static_cast<size_t>(named - model.classes.begin())] : *number;
    pairs.push_back({people, value});
    counts.Add(nearest(people), nearest(value));
  }
  NamedFigures figures;
  Add("mae", MeanAbsoluteError(pairs), &figures);
  Add("baseline_mae", MedianBaselineError(pairs), &figures);
  Add("spearman", SpearmanCorrelation(pairs), &figures);
  Add("accuracy", counts.Accuracy(), &figures);
  return figures;
}

std::string Line(const std::string& name, const std::string& rows, const NamedFigures& figures) {
  std::ostringstream out;
  out << std::left << std::setw(28) << name << std::right << std::setw(7) << rows << std::fixed << std::setprecision(3);
  for (const auto& [figure, value] : figures) out << "  " << figure << " " << value;
  out << "\n";
  return out.str();
}

}  // namespace

NamedFigures FiguresOf(const ClassifierModel& model, const std::vector<JudgedRow>& rows) {
  switch (model.kind) {
    case LinearKind::kBinary:
      return OfBinary(model, rows);
    case LinearKind::kMultinomial:
      return OfClasses(model, rows);
    case LinearKind::kOrdinal:
      return OfLevels(model, rows);
  }
  TEMPER_FAIL("a classifier of unknown kind");
}

std::string FigureTable(const ClassifierModel& model, const std::vector<JudgedRow>& rows,
                        const std::function<std::string(const LabelledRow&)>& part_of) {
  std::map<std::string, std::vector<JudgedRow>> parts;
  for (const JudgedRow& each : rows) parts[part_of(*each.row)].push_back(each);
  std::string out;
  std::map<std::string, std::vector<double>> values;
  for (const auto& [name, part] : parts) {
    const NamedFigures figures = FiguresOf(model, part);
    for (const auto& [figure, value] : figures) values[figure].push_back(value);
    if (parts.size() > 1) out += Line(name.empty() ? "(none)" : name, std::to_string(part.size()), figures);
  }
  const NamedFigures all = FiguresOf(model, rows);
  if (parts.size() > 1) {
    NamedFigures mean;
    for (const auto& [figure, unused] : all) {
      double sum = 0;
      for (const double value : values[figure]) sum += value;
      if (!values[figure].empty()) mean.emplace_back(figure, sum / static_cast<double>(values[figure].size()));
    }
    out += Line("mean", "", mean);
  }
  return out + Line("all rows", std::to_string(rows.size()), all);
}

std::vector<Flips> CountFlips(Classifier* classifier, const std::vector<JudgedRow>& rows) {
  std::vector<Flips> out;
  for (const auto& [trick, unused] : EnumNames<Trick>::kTable) {
    Flips flips{trick, 0, 0};
    uint64_t choice = 0;
    for (const JudgedRow& each : rows) {
      ++choice;
      if (ClassOf(classifier->model(), *each.row) != 1 || each.probabilities[1] < kThreshold) continue;
      ++flips.caught;
      const std::string answer = ApplyTrick(trick, each.row->answer, TrickWords::kToTest, choice);
      if (classifier->Classify(each.row->prompt, answer).probabilities[1] < kThreshold) ++flips.flipped;
    }
    out.push_back(flips);
  }
  return out;
}

std::string JudgedRowsAsJson(const ClassifierModel& model, const std::vector<JudgedRow>& rows) {
  std::string out;
  for (const JudgedRow& each : rows) {
    nlohmann::ordered_json line = {{"place", each.row->place}, {"source", each.row->source}, {"label", each.row->label}};
    for (size_t k = 0; k < model.classes.size(); ++k) line["probabilities"][model.classes[k]] = each.probabilities[k];
    out += line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  }
  return out;
}

}  // namespace temper
