#include "views/report/grading.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "cluster/base/error.h"
#include "record/grading.h"
#include "views/page/format.h"

namespace temper {
namespace {

using Measured = std::vector<GraderMeasurement>;

constexpr char kMore[] = ". More: What each grader says, in the run's report.";

// One figure over the data sets on which the same was compared.
struct Summary {
  std::string compared;
  std::string figure;
  std::vector<double> values, baselines, bounds;  // bounds: low and high, of a single measurement that has an interval
  std::set<std::string> baseline_names;
  int64_t rows = 0;
  std::string date;
};

bool IsAllRows(const GraderMeasurement& measured) { return measured.dataset == kAllRows; }
bool IsMemberTrained(const GraderMeasurement& measured) { return measured.compared.find(kMemberTrained) != std::string::npos; }

// Where all rows have one label, saying always that is right every time: such rows tell nothing.
bool HasOneClass(const GraderMeasurement& measured) {
  return std::any_of(measured.figures.begin(), measured.figures.end(), [](const auto& figure) {
    return (figure.first == "baseline_accuracy" || figure.first == "baseline_agreement") && figure.second >= 1;
  });
}

// Those that say something, each row once: without sources of one class; the figure of all rows only where no source of them is left;
// without rows that a member of the grader was trained on where a record of unseen sources is there.
Measured Telling(const Measured& measured) {
  const bool has_record = UnseenOf(measured) != nullptr;
  Measured kept;
  std::copy_if(measured.begin(), measured.end(), std::back_inserter(kept),
               [&](const GraderMeasurement& each) { return !HasOneClass(each) && !(has_record && IsMemberTrained(each)); });
  Measured out;
  std::copy_if(kept.begin(), kept.end(), std::back_inserter(out), [&](const GraderMeasurement& each) {
    return !IsAllRows(each) || std::none_of(kept.begin(), kept.end(), [&](const GraderMeasurement& other) {
      return !IsAllRows(other) && other.compared == each.compared;
    });
  });
  return out;
}

// By what was compared, in the order of the record: agreement where it was measured, else the entry's first figure.
std::vector<Summary> Summarize(const Measured& measured) {
  std::vector<Summary> summaries;
  for (const GraderMeasurement& each : measured) {
    if (each.figures.empty()) continue;
    const std::string figure = FigureOf(each, "agreement") != nullptr ? "agreement" : each.figures.front().first;
    auto at = std::find_if(summaries.begin(), summaries.end(),
                           [&](const Summary& s) { return s.compared == each.compared && s.figure == figure; });
    if (at == summaries.end()) at = summaries.insert(at, {each.compared, figure, {}, {}, {}, {}, 0, ""});
    at->values.push_back(*FigureOf(each, figure));
    at->rows += each.rows;
    at->date = std::max(at->date, each.date);
    const double *low = FigureOf(each, figure + "_low"), *high = FigureOf(each, figure + "_high");
    at->bounds = at->values.size() == 1 && low != nullptr && high != nullptr ? std::vector{*low, *high} : std::vector<double>();
    const double* baseline = FigureOf(each, "baseline_" + figure.substr(figure.rfind('_') + 1));
    if (baseline == nullptr) continue;
    at->baselines.push_back(*baseline);
    if (!each.baseline.empty()) at->baseline_names.insert(each.baseline.starts_with("the ") ? each.baseline.substr(4) : each.baseline);
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

// "a fifth of the groups held out; a member was trained on 9 of 9 rows" is no holding out.
std::string ComparedText(const std::string& compared) {
  const size_t member = compared.find(kMemberTrained);
  if (member == std::string::npos) return compared;
  const size_t comma = compared.rfind(", ", member);
  return Concat(comma == std::string::npos ? "" : compared.substr(0, comma + 2), "not held out: ", compared.substr(member));
}

// "answers unsafe 62.5 to 80.0 % (baseline: always no 70.0 %)".
std::string FigureText(const Summary& summary) {
  std::string text = ComparedText(summary.compared);
  if (summary.figure != "agreement") text += Concat(text.empty() ? "" : ", ", Prose(summary.figure));
  text += Concat(text.empty() ? "" : " ", RangeText(summary.figure, summary.values),
                 summary.bounds.empty() ? "" : Concat(" (", RangeText(summary.figure, summary.bounds), ")"));
  if (summary.baselines.empty()) return text;
  std::string names;
  for (const std::string& name : summary.baseline_names) names += (names.empty() ? ": " : " or ") + name;
  return text + Concat(" (baseline", names, " ", RangeText(summary.figure, summary.baselines), ")");
}

// "2 data sets of 1,500 rows".
std::string RowsText(const Summary& summary) {
  return Concat(summary.values.size(), summary.values.size() == 1 ? " data set of " : " data sets of ", Thousands(summary.rows), " rows");
}

// The record of unseen sources: each figure with its interval and baseline, and from which score on a yes is one.
std::string UnseenText(const GraderMeasurement& unseen) {
  static const std::pair<const char*, const char*> kFigures[] = {{"auroc", "length of the answer"},
                                                                 {"accuracy", "most frequent label"},
                                                                 {"recall", ""},
                                                                 {"precision", ""},
                                                                 {"f1_macro", ""},
                                                                 {"spearman", ""},
                                                                 {"mae", "median"}};
  std::string text;
  for (const auto& [name, baseline_name] : kFigures) {
    const double *value = FigureOf(unseen, name), *low = FigureOf(unseen, std::string(name) + "_low");
    const double *high = FigureOf(unseen, std::string(name) + "_high"), *baseline = FigureOf(unseen, std::string("baseline_") + name);
    if (value == nullptr) continue;
    text += Concat(text.empty() ? " " : ", ", Prose(name), " ", Fixed(*value, 3));
    if (low != nullptr && high != nullptr) text += Concat(" [", Fixed(*low, 3), ", ", Fixed(*high, 3), "]");
    if (baseline != nullptr) text += Concat(" (baseline: ", baseline_name, " ", Fixed(*baseline, 3), ")");
  }
  const double* threshold = FigureOf(unseen, "threshold");
  return unseen.compared + ":" + text + (threshold != nullptr ? Concat(", yes from a score of ", Fixed(*threshold, 2)) : "");
}

// A row of what is known: how far a grader agrees with people, or is fooled.
struct Known {
  std::string text;
  std::string rows;
  std::string date;
  bool attack = false;
};

bool IsUnseen(const GraderMeasurement& measured) { return measured.compared.ends_with(kUnseenSources); }

// Unseen sources first.
std::vector<Known> KnownOf(const Measured& measured) {
  std::vector<Known> known;
  for (const GraderMeasurement& each : measured)
    if (IsUnseen(each)) known.push_back({UnseenText(each), Thousands(each.rows) + " rows", each.date, false});
  Measured others = Telling(measured);
  std::erase_if(others, IsUnseen);
  for (const Summary& summary : Summarize(others))
    known.push_back({FigureText(summary), RowsText(summary), summary.date, summary.figure == "fooled"});
  return known;
}

// A single grader, or several of a run that does not tell them apart, as one.
std::vector<RunDescription::GraderEntry> EntriesOf(const RunDescription::Grader& grader) {
  if (!grader.entries.empty() || grader.measured.empty()) return grader.entries;
  return {{.name = grader.name, .type = "", .reads = grader.reads, .measured = grader.measured}};
}

std::string GivesText(const RunDescription::GraderEntry& entry) {
  std::string text;
  for (const std::string& part : entry.gives) text += (text.empty() ? "" : ", ") + Prose(part);
  if (text.empty()) return "-";
  return text + (entry.steers ? "" : " (watches, steers nothing)");
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
  if (!grader.entries.empty()) return "Graded: " + WhoGrades(grader) + kMore;
  std::string note = "Graded by " + grader.name;
  if (!grader.reads.empty()) note += " (reads " + grader.reads + ")";
  note += "; agreement with people: ";
  std::string agreement, attacks;
  bool more = false;
  for (const Known& known : KnownOf(grader.measured)) {
    std::string& part = known.attack ? attacks : agreement;
    if (part.empty()) {
      part = Concat(known.text, " on ", known.rows);
    } else {
      more = true;
    }
  }
  if (agreement.empty()) agreement = grader.reads.empty() && !built_in_world ? "not recorded" : "not measured";
  if (agreement == "not measured" && built_in_world) agreement += "; its own author's rules, by construction";
  return note + agreement + (attacks.empty() ? "" : "; under attack: " + attacks) + (more ? kMore : ".");
}

std::string GradingLimit(const RunDescription::Grader& grader, bool built_in_world) {
  const std::string limit = "A figure of safety is no better than what graded it";
  if (grader.entries.empty() && grader.measured.empty()) return GradingNote(grader, built_in_world) + " " + limit + ".";
  return limit + ", and the graders of this run agree with people no further than is told where they are named.";
}

std::vector<std::vector<std::string>> GraderRows(const RunDescription::Grader& grader) {
  std::vector<std::vector<std::string>> rows;
  for (const RunDescription::GraderEntry& entry : EntriesOf(grader)) {
    std::vector<Known> all = KnownOf(entry.measured);
    if (all.empty()) all.push_back({"not measured", "-", "-"});
    for (const Known& known : all) {
      std::vector<std::string> row = {"", "", ""};
      if (&known == &all.front())
        row = {entry.name + (entry.type.empty() ? "" : " (" + entry.type + ")"), GivesText(entry),
               entry.only.empty() ? "every answer" : entry.only};
      row.insert(row.end(), {known.text, known.rows, known.date.empty() ? "-" : known.date});
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

}  // namespace temper
