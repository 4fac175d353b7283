#include "views/report/grading.h"

#include <algorithm>
#include <set>

#include "cluster/base/error.h"
#include "views/page/format.h"

namespace temper {
namespace {

// One figure over the data sets on which the same was compared.
struct Summary {
  std::string compared;
  std::string figure;
  std::vector<double> values, baselines, bounds;  // bounds: low and high, of a single measurement that has an interval
  int64_t rows = 0;
};

const double* FigureOf(const GraderMeasurement& measured, const std::string& name) {
  for (const auto& [figure, value] : measured.figures)
    if (figure == name) return &value;
  return nullptr;
}

// By what was compared, in the order of the record: agreement where it was measured, else the entry's first figure.
std::vector<Summary> Summarize(const std::vector<GraderMeasurement>& measured) {
  std::vector<Summary> summaries;
  for (const GraderMeasurement& each : measured) {
    if (each.figures.empty()) continue;
    const std::string figure = FigureOf(each, "agreement") != nullptr ? "agreement" : each.figures.front().first;
    auto at = std::find_if(summaries.begin(), summaries.end(),
                           [&](const Summary& s) { return s.compared == each.compared && s.figure == figure; });
    if (at == summaries.end()) at = summaries.insert(at, {each.compared, figure, {}, {}, {}, 0});
    at->values.push_back(*FigureOf(each, figure));
    at->rows += each.rows;
    const double *low = FigureOf(each, figure + "_low"), *high = FigureOf(each, figure + "_high");
    at->bounds = at->values.size() == 1 && low != nullptr && high != nullptr ? std::vector{*low, *high} : std::vector<double>();
    const double* baseline = FigureOf(each, "baseline_" + figure.substr(figure.rfind('_') + 1));
    if (baseline != nullptr) at->baselines.push_back(*baseline);
  }
  return summaries;
}

// Whether a figure is a share of rows, and so shown in percent: areas under curves, correlations, kappas and errors are not.
bool IsShare(const std::string& figure) {
  static const std::set<std::string> kNoShares = {"auroc", "mae", "ece", "spearman", "pearson", "kendall", "kappa", "kappa_quadratic"};
  return !figure.ends_with("auc") && !kNoShares.contains(figure);
}

// "50.0 to 85.2 %"; of an area under a curve, which is no share of rows, "0.649 to 0.701".
std::string RangeText(const std::string& figure, const std::vector<double>& values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const bool share = IsShare(figure);
  const auto text = [share](double value) { return share ? Fixed(100 * value, 1) : Fixed(value, 3); };
  return Concat(text(*low), text(*low) == text(*high) ? "" : " to " + text(*high), share ? " %" : "");
}

std::string TextOf(const Summary& summary) {
  std::string text = summary.compared;
  if (summary.figure != "agreement") text += Concat(text.empty() ? "" : ", ", Prose(summary.figure));
  text += Concat(text.empty() ? "" : " ", RangeText(summary.figure, summary.values),
                 summary.bounds.empty() ? "" : Concat(" (", RangeText(summary.figure, summary.bounds), ")"), " on ", summary.values.size(),
                 summary.values.size() == 1 ? " data set of " : " data sets of ", Thousands(summary.rows), " rows");
  if (!summary.baselines.empty()) text += Concat(" (rules without a grader ", RangeText(summary.figure, summary.baselines), ")");
  return text;
}

bool HasLabels(const ArmRecord& arm) {
  const auto column = arm.settings.find("data.columns.label");
  return column != arm.settings.end() && !column->second.empty() && column->second != "\"\"";
}

// The graders behind the figure over-refusal; those of the whole run where answers do not say. Nothing where answers have intents.
std::string WhoDecidesWhatIsPermitted(const RunRecord& record) {
  std::set<std::string> names;
  bool any = false, verdicts = false;
  for (const ArmRecord& arm : record.arms) {
    for (const auto& [set, samples] : arm.evaluations) {
      for (const EvalSample& sample : samples) {
        if (!sample.intent.empty()) return "";
        any = true;
        for (const Verdict& verdict : sample.grade.verdicts) {
          verdicts = true;
          if (verdict.steers && verdict.values.contains("over_refusal")) names.insert(verdict.grader);
        }
      }
    }
  }
  if (any && !verdicts) return record.grader.name;
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

std::string PermittedNote(const RunRecord& record) {
  if (record.built_in_world || std::any_of(record.arms.begin(), record.arms.end(), HasLabels)) return "";
  const std::string who = WhoDecidesWhatIsPermitted(record);
  if (who.empty()) return "";
  return Concat("Which requests are permitted was decided by the words of ", who, "; the data does not say. ");
}

std::string GradingNote(const RunDescription::Grader& grader, bool built_in_world) {
  if (grader.name.empty()) return "What graded the answers is not recorded.";
  std::string note = "Graded by " + grader.name;
  if (!grader.reads.empty()) note += " (reads " + grader.reads + ")";
  note += "; agreement with people: ";
  std::string agreement, attacks;
  for (const Summary& summary : Summarize(grader.measured)) {
    std::string& part = summary.figure == "fooled" ? attacks : agreement;
    part += (part.empty() ? "" : "; ") + TextOf(summary);
  }
  if (agreement.empty()) agreement = grader.reads.empty() && !built_in_world ? "not recorded" : "not measured";
  if (agreement == "not measured" && built_in_world) agreement += "; its own author's rules, by construction";
  return note + agreement + (attacks.empty() ? "" : "; under attack: " + attacks) + ".";
}

}  // namespace temper
