#include "evaluation/qualify/comparison.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>

#include "cluster/base/error.h"
#include "evaluation/agreement.h"

namespace temper {
namespace {

using Rows = std::span<const size_t>;
using Values = std::vector<std::optional<double>>;

constexpr size_t kQuarters = 4;

size_t LevelOf(double value) { return static_cast<size_t>(std::lround(std::clamp(value, 0.0, 1.0) * kQuarters)); }

// The figures of one scale, and how they are computed of some rows.
class Figures {
 public:
  Figures(Question question, const std::vector<JudgedAnswer>& rows, double threshold)
      : question_(question), rows_(rows), threshold_(threshold) {
    switch (ScaleOf(question)) {
      case LabelScale::kYesNo:
        names_ = {"auroc", "accuracy", "precision", "recall", "f1", "kappa", "ece", "baseline_accuracy", "baseline_auroc"};
        break;
      case LabelScale::kNumber:
        names_ = {"mae", "spearman", "pearson", "kendall", "kappa_quadratic", "baseline_mae"};
        break;
      case LabelScale::kClass:
        names_ = {"accuracy", "f1_macro", "kappa", "baseline_accuracy"};
        for (const auto& [mode, name] : EnumNames<ResponseMode>::kTable) names_.push_back(Concat("f1_", name));
        break;
    }
    names_.emplace_back("failed");
  }

  const std::vector<std::string>& names() const { return names_; }

  Values Of(Rows all) const {
    std::vector<size_t> graded;
    for (const size_t row : all)
      if (!rows_[row].failed) graded.push_back(row);
    Values values = ScaleOf(question_) == LabelScale::kYesNo    ? YesNo(graded)
                    : ScaleOf(question_) == LabelScale::kNumber ? Number(graded)
                                                                : Class(graded);
    values.push_back(all.empty() ? std::nullopt
                                 : std::optional(static_cast<double>(all.size() - graded.size()) / static_cast<double>(all.size())));
    return values;
  }

  std::vector<std::vector<int64_t>> ConfusionOf(Rows all) const {
    if (ScaleOf(question_) == LabelScale::kNumber) return {};
    const size_t classes = ScaleOf(question_) == LabelScale::kYesNo ? 2 : static_cast<size_t>(kNumModes);
    std::vector<std::vector<int64_t>> counts(classes, std::vector<int64_t>(classes));
    for (const size_t row : all)
      if (!rows_[row].failed) ++counts[ClassOf(rows_[row].people)][ClassOf(rows_[row].grader)];
    return counts;
  }

 private:
  size_t ClassOf(double value) const {
    return ScaleOf(question_) == LabelScale::kYesNo ? static_cast<size_t>(value >= threshold_) : static_cast<size_t>(value);
  }

  Values YesNo(Rows rows) const {
    std::vector<ScoredLabel> scored, by_length;
    ClassCounts classes(2);
    for (const size_t row : rows) {
      const bool yes = rows_[row].people >= 0.5;
      scored.push_back({rows_[row].grader, yes});
      by_length.push_back({static_cast<double>(rows_[row].words), yes});
      classes.Add(yes, rows_[row].grader >= threshold_);
    }
    const BinaryCounts counts = CountBinary(scored, threshold_);
    std::optional<double> length = AreaUnderRoc(by_length);
    if (length) length = std::max(*length, 1 - *length);
    return {AreaUnderRoc(scored),
            counts.Accuracy(),
            counts.Precision(),
            counts.Recall(),
            counts.F1(),
            classes.Kappa(KappaWeights::kNone),
            CalibrationError(scored, kCalibrationBins),
            counts.MajorityBaseline(),
            length};
  }

  Values Number(Rows rows) const {
    std::vector<ValuePair> pairs;
    ClassCounts levels(kQuarters + 1);
    for (const size_t row : rows) {
      pairs.push_back({rows_[row].people, rows_[row].grader});
      levels.Add(LevelOf(rows_[row].people), LevelOf(rows_[row].grader));
    }
    return {MeanAbsoluteError(pairs),
            SpearmanCorrelation(pairs),
            PearsonCorrelation(pairs),
            KendallTauB(pairs),
            levels.Kappa(KappaWeights::kQuadratic),
            MedianBaselineError(pairs)};
  }

  Values Class(Rows rows) const {
    ClassCounts counts(static_cast<size_t>(kNumModes));
    std::vector<bool> used(static_cast<size_t>(kNumModes));
    for (const size_t row : rows) {
      counts.Add(ClassOf(rows_[row].people), ClassOf(rows_[row].grader));
      used[ClassOf(rows_[row].people)] = true;
    }
    Values values = {counts.Accuracy(), counts.MacroF1(), counts.Kappa(KappaWeights::kNone), counts.MajorityBaseline()};
    for (size_t c = 0; c < counts.classes(); ++c) values.push_back(used[c] ? counts.F1(c) : std::nullopt);
    return values;
  }

  const Question question_;
  const std::vector<JudgedAnswer>& rows_;
  const double threshold_;
  std::vector<std::string> names_;
};

// Makes slices of the rows.
class Slicer {
 public:
  Slicer(const std::vector<JudgedAnswer>& rows, const Figures& figures, const BootstrapOptions& bootstrap)
      : rows_(rows), figures_(figures), bootstrap_(bootstrap) {}

  AgreementSlice Of(const std::string& name, Rows rows) const {
    AgreementSlice slice = WithFigures(
        name, rows, [&](Rows drawn) { return figures_.Of(drawn); }, false);
    slice.confusion = figures_.ConfusionOf(rows);
    return slice;
  }

  // Each figure the mean of those of the sources that have it over all their rows; a resample where one of these has none has none.
  AgreementSlice MeanOverSources(const std::string& name, Rows rows) const {
    std::vector<std::string> notes;
    BySource whole = Grouped(rows);
    std::map<std::string_view, Values> has;
    std::vector<size_t> counted;
    for (const auto& [source, of_source] : whole) {
      if (static_cast<int64_t>(of_source.size()) < kLeastRowsOfSlice) {
        notes.push_back(Concat(source, " does not count: it has ", of_source.size(), " rows, fewer than ", kLeastRowsOfSlice));
        continue;
      }
      counted.insert(counted.end(), of_source.begin(), of_source.end());
      has[source] = figures_.Of(of_source);
      if (const std::string without = MissingOf(has[source]); !without.empty())
        notes.push_back(
            Concat(source, " has no ", without, " (people's labels or grades are all alike) and counts in the other figures alone"));
    }
    const std::function<Values(Rows)> mean = [&](Rows drawn) { return MeanOf(has, Grouped(drawn)); };
    AgreementSlice slice = WithFigures(name, counted, mean, true);
    slice.notes = std::move(notes);
    return slice;
  }

 private:
  using BySource = std::map<std::string_view, std::vector<size_t>>;

  BySource Grouped(Rows rows) const {
    BySource by_source;
    for (const size_t row : rows) by_source[rows_[row].source].push_back(row);
    return by_source;
  }

  // The figures that are absent, without those of single modes, which many sources lack.
  std::string MissingOf(const Values& values) const {
    std::string missing;
    for (size_t f = 0; f < values.size(); ++f) {
      const std::string& name = figures_.names()[f];
      if (!values[f] && (!name.starts_with("f1_") || name == "f1_macro")) missing += (missing.empty() ? "" : ", ") + name;
    }
    return missing;
  }

  Values MeanOf(const std::map<std::string_view, Values>& has, const BySource& by_source) const {
    std::vector<double> sums(figures_.names().size()), counts(sums.size());
    std::vector<bool> undefined(sums.size());
    for (const auto& [source, of_source] : by_source) {
      const Values values = figures_.Of(of_source);
      for (size_t f = 0; f < sums.size(); ++f) {
        if (!has.at(source)[f]) continue;
        if (!values[f]) undefined[f] = true;
        sums[f] += values[f].value_or(0);
        counts[f] += 1;
      }
    }
    Values means;
    for (size_t f = 0; f < sums.size(); ++f)
      means.push_back(counts[f] == 0 || undefined[f] ? std::nullopt : std::optional(sums[f] / counts[f]));
    return means;
  }

  // within_sources: groups are drawn within each source.
  AgreementSlice WithFigures(const std::string& name, Rows rows, const std::function<Values(Rows)>& figures, bool within_sources) const {
    AgreementSlice slice;
    slice.name = name;
    slice.rows = static_cast<int64_t>(rows.size());
    std::vector<std::string> groups, strata;
    std::set<std::string_view> different;
    for (const size_t row : rows) {
      groups.push_back(rows_[row].group);
      if (within_sources) strata.push_back(rows_[row].source);
      different.insert(rows_[row].group);
    }
    slice.groups = static_cast<int64_t>(different.size());
    if (slice.rows < kLeastRowsOfSlice) return slice;
    const auto of_drawn = [&](Rows drawn) {
      std::vector<size_t> indices;
      for (const size_t place : drawn) indices.push_back(rows[place]);
      return figures(indices);
    };
    const std::vector<Estimate> estimates = FiguresOverGroups(groups, of_drawn, bootstrap_, strata);
    for (size_t f = 0; f < estimates.size(); ++f)
      if (estimates[f].present) slice.figures.emplace_back(figures_.names()[f], estimates[f]);
    return slice;
  }

  const std::vector<JudgedAnswer>& rows_;
  const Figures& figures_;
  const BootstrapOptions& bootstrap_;
};

std::vector<AgreementSlice> SlicesBy(const std::vector<JudgedAnswer>& rows, const Slicer& slicer, std::string JudgedAnswer::*key) {
  std::map<std::string, std::vector<size_t>> by_key;
  for (size_t i = 0; i < rows.size(); ++i) by_key[rows[i].*key].push_back(i);
  std::vector<AgreementSlice> slices;
  if (by_key.size() == 1 && by_key.begin()->first.empty()) return slices;
  for (const auto& [name, of_key] : by_key) slices.push_back(slicer.Of(name, of_key));
  return slices;
}

std::vector<AgreementSlice> SlicesByLength(const std::vector<JudgedAnswer>& rows, const Slicer& slicer) {
  std::vector<size_t> order(rows.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return rows[a].words < rows[b].words; });
  std::vector<AgreementSlice> slices;
  size_t begin = 0;
  for (size_t quarter = 1; quarter <= kQuarters; ++quarter) {
    size_t end = order.size() * quarter / kQuarters;
    while (end > begin && end < order.size() && rows[order[end]].words == rows[order[end - 1]].words) ++end;  // equal lengths stay together
    if (end <= begin) continue;
    const std::string name = Concat(rows[order[begin]].words, " to ", rows[order[end - 1]].words, " words");
    slices.push_back(slicer.Of(name, Rows(order).subspan(begin, end - begin)));
    begin = end;
  }
  return slices;
}

}  // namespace

const Estimate* AgreementSlice::Figure(const std::string& wanted) const {
  for (const auto& [figure, estimate] : figures)
    if (figure == wanted) return &estimate;
  return nullptr;
}

bool IsError(const std::string& figure) { return figure == "failed" || figure == "mae" || figure == "ece"; }

bool IsBaseline(const std::string& figure) { return figure.starts_with("baseline_"); }

Agreement Compare(Question question, const std::vector<JudgedAnswer>& rows, const CompareOptions& options) {
  const Figures figures(question, rows, options.threshold);
  const Slicer slicer(rows, figures, options.bootstrap);
  Agreement agreement;
  agreement.question = question;
  std::vector<size_t> all(rows.size()), seen, unseen;
  std::iota(all.begin(), all.end(), 0);
  for (const size_t row : all) (rows[row].trained_on || options.seen_sources.contains(rows[row].source) ? seen : unseen).push_back(row);
  agreement.all = slicer.Of("all", all);
  if (!seen.empty()) agreement.seen = slicer.MeanOverSources("sources it was trained on", seen);
  if (!unseen.empty()) agreement.unseen = slicer.MeanOverSources("sources it has not seen", unseen);
  agreement.by_source = SlicesBy(rows, slicer, &JudgedAnswer::source);
  agreement.by_category = SlicesBy(rows, slicer, &JudgedAnswer::category);
  agreement.by_length = SlicesByLength(rows, slicer);
  return agreement;
}

}  // namespace temper
