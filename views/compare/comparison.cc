#include "views/compare/comparison.h"

#include <algorithm>
#include <functional>
#include <optional>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "evaluation/intervals.h"
#include "record/run_paths.h"
#include "views/page/escape.h"
#include "views/page/format.h"
#include "views/report/render.h"

namespace temper {
namespace {

using Samples = std::vector<EvalSample>;

std::map<std::string, std::string> PromptsOf(const Samples& samples) {
  std::map<std::string, std::string> prompts;
  for (const EvalSample& sample : samples) prompts.emplace(sample.prompt_id, sample.prompt);
  return prompts;
}

// Whether they have prompts in common, and none of one id with two texts.
bool CanPair(const Samples& a, const Samples& b) {
  const auto left = PromptsOf(a), right = PromptsOf(b);
  bool any = false;
  for (const auto& [id, text] : left) {
    const auto other = right.find(id);
    if (other == right.end()) continue;
    if (other->second != text) return false;
    any = true;
  }
  return any;
}

bool SharePrompts(const std::vector<const Samples*>& runs) {
  return std::all_of(runs.begin(), runs.end(), [&](const Samples* samples) { return PromptsOf(*samples) == PromptsOf(*runs.front()); });
}

Samples Pool(const std::vector<const Samples*>& runs) {
  Samples pool;
  for (const Samples* samples : runs) pool.insert(pool.end(), samples->begin(), samples->end());
  return pool;
}

// What one run, or one pair of runs, has of an intent: an estimate of each figure; null where it has none.
using EstimateOf = std::function<const Estimate*(const std::string& intent, const FigureColumn& figure)>;

EstimateOf FiguresOf(const EvalResult& result) {
  return [&result](const std::string& intent, const FigureColumn& figure) {
    const EvalCell* cell = CellOf(&result, intent);
    return cell == nullptr ? nullptr : &(cell->*figure.cell);
  };
}

EstimateOf FiguresOf(const EvalComparison& comparison) {
  return [&comparison](const std::string& intent, const FigureColumn& figure) {
    const EvalDifference* difference = DifferenceOf(comparison, intent);
    return difference == nullptr ? nullptr : &(difference->*figure.difference);
  };
}

// Every figure over runs; pooled: of the prompts that all of them share, null where they do not.
RunsIntents Over(const std::vector<std::string>& intents, const std::vector<EstimateOf>& runs, const EstimateOf* pooled,
                 bool is_difference) {
  RunsIntents over;
  for (const std::string& intent : intents) {
    for (const FigureColumn& column : FigureColumns()) {
      RunsFigure figure;
      figure.shared_prompts = pooled != nullptr;
      for (const EstimateOf& run : runs) {
        const Estimate* estimate = run(intent, column);
        if (estimate != nullptr && estimate->present) figure.runs.push_back(*estimate);
      }
      figure.over = IntervalOverRuns(figure.runs, pooled == nullptr ? nullptr : (*pooled)(intent, column),
                                     is_difference ? column.scale.OfDifference() : column.scale);
      over[intent][column.key] = std::move(figure);
    }
  }
  return over;
}

// One set of a condition, after training or before it (prefix "start/").
RunsIntents CellsOf(const std::vector<RunRecord>& records, const std::vector<RunArm>& runs, const std::vector<const EvalResult*>& results,
                    const std::string& set, const std::vector<std::string>& intents) {
  std::vector<EstimateOf> estimates;
  std::vector<const Samples*> samples;
  for (size_t i = 0; i < runs.size(); ++i) {
    if (results[i] == nullptr) continue;
    estimates.push_back(FiguresOf(*results[i]));
    const auto& evaluations = records[runs[i].run].arms[runs[i].arm].evaluations;
    if (const auto found = evaluations.find(set); found != evaluations.end()) samples.push_back(&found->second);
  }
  if (estimates.empty()) return {};
  std::optional<EvalResult> pooled;
  if (samples.size() > 1 && samples.size() == estimates.size() && SharePrompts(samples))
    pooled = SummarizeEvaluation(set, Pool(samples), {});
  const EstimateOf of_pooled = pooled ? FiguresOf(*pooled) : EstimateOf();
  return Over(intents, estimates, pooled ? &of_pooled : nullptr, false);
}

RunsIntents DifferencesOf(const std::vector<RunRecord>& records, const std::vector<std::pair<RunArm, RunArm>>& pairs,
                          const std::string& set, const std::vector<std::string>& intents) {
  std::vector<EvalComparison> compared;
  std::vector<const Samples*> left, right;
  for (const auto& [a, b] : pairs) {
    const auto &of_a = records[a.run].arms[a.arm].evaluations, &of_b = records[b.run].arms[b.arm].evaluations;
    const auto found_a = of_a.find(set), found_b = of_b.find(set);
    if (found_a == of_a.end() || found_b == of_b.end() || !CanPair(found_a->second, found_b->second)) continue;
    left.push_back(&found_a->second);
    right.push_back(&found_b->second);
    compared.push_back(CompareEvaluations(set, found_a->second, found_b->second));
  }
  if (compared.empty()) return {};
  std::optional<EvalComparison> pooled;
  if (compared.size() > 1 && SharePrompts(left) && SharePrompts(right)) pooled = CompareEvaluations(set, Pool(left), Pool(right));
  std::vector<EstimateOf> estimates;
  estimates.reserve(compared.size());
  for (const EvalComparison& comparison : compared) estimates.push_back(FiguresOf(comparison));
  const EstimateOf of_pooled = pooled ? FiguresOf(*pooled) : EstimateOf();
  return Over(intents, estimates, pooled ? &of_pooled : nullptr, true);
}

bool HaveSameFigures(const RunsIntents& a, const RunsIntents& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](const auto& left, const auto& right) {
           return left.first == right.first &&
                  std::equal(left.second.begin(), left.second.end(), right.second.begin(), right.second.end(),
                             [](const auto& x, const auto& y) { return x.first == y.first && x.second.over.mean == y.second.over.mean; });
         });
}

// A row "before RL" stands for all conditions: where another one began elsewhere there is none.
void LeaveOutOtherStarts(const std::string& set, const RunsIntents& start, RunsComparison* comparison) {
  const auto first = comparison->start.find(set);
  if (first == comparison->start.end() || HaveSameFigures(first->second, start)) return;
  comparison->start.erase(first);
  comparison->warnings.push_back(Concat("The conditions differ on ", Prose(set),
                                        " before RL already; those figures are left out here, and each run's report has them."));
}

void AddCondition(const std::vector<RunRecord>& records, size_t index, RunsComparison* comparison) {
  const Condition& condition = comparison->conditions[index];
  for (const std::string& set : comparison->sets) {
    std::vector<const EvalResult*> results, starts;
    for (const RunArm& at : condition.runs) {
      results.push_back(ResultOf(comparison->ReportOf(at), set));
      starts.push_back(StartOf(comparison->reports[at.run], set));
    }
    const std::vector<std::string> intents = IntentsOf(*comparison, set);
    RunsIntents cells = CellsOf(records, condition.runs, results, set, intents);
    if (!cells.empty()) comparison->cells[index][set] = std::move(cells);
    RunsIntents start = CellsOf(records, condition.runs, starts, "start/" + set, intents);
    if (index == 0) {
      if (!start.empty()) comparison->start[set] = std::move(start);
      continue;
    }
    LeaveOutOtherStarts(set, start, comparison);
    const auto pairs = PairRuns(records, comparison->conditions[0], condition);
    RunsIntents differences = DifferencesOf(records, pairs, set, intents);
    if (!differences.empty()) comparison->differences[index - 1][set] = std::move(differences);
  }
  RunsFigure& rise = comparison->reward_rise[index];
  for (const RunArm& at : condition.runs) {
    const Estimate& own = comparison->ReportOf(at).reward_rise.rise;
    if (own.present) rise.runs.push_back(own);
  }
  rise.over = IntervalOverRuns(rise.runs, nullptr, kNoScale);
}

// What is shown together errs together: all differences, and all rises.
void SettleDifferences(RunsComparison* comparison) {
  std::vector<Estimate*> differences, rises;
  for (RunsSets& sets : comparison->differences) {
    for (auto& [set, intents] : sets) {
      for (auto& [intent, cell] : intents) {
        for (auto& [key, figure] : cell) differences.push_back(&figure.over);
      }
    }
  }
  for (RunsFigure& rise : comparison->reward_rise) rises.push_back(&rise.over);
  SettleSigns(differences);
  SettleSigns(rises);
}

}  // namespace

int64_t RunsFigure::num_positive() const {
  return std::count_if(runs.begin(), runs.end(), [](const Estimate& run) { return run.low > 0; });
}

int64_t RunsFigure::num_negative() const {
  return std::count_if(runs.begin(), runs.end(), [](const Estimate& run) { return run.high < 0; });
}

std::vector<double> RunsFigure::values() const {
  std::vector<double> values;
  for (const Estimate& run : runs) values.push_back(run.mean);
  return values;
}

std::vector<std::string> RunsComparison::Names() const {
  std::vector<std::string> names;
  for (const Condition& condition : conditions) names.push_back(condition.name);
  return names;
}

std::string RunsComparison::Seeds(const Condition& condition) const {
  std::string seeds;
  for (const RunArm& at : condition.runs) seeds += Concat(seeds.empty() ? "" : ", ", reports[at.run].record->seed);
  return seeds;
}

RunsComparison CompareRuns(const std::vector<RunRecord>& records) {
  RunsComparison comparison;
  comparison.conditions = ConditionsOf(records);
  comparison.settings = DifferingSettings(records, comparison.conditions);
  comparison.origins = DifferingOrigins(records);
  comparison.warnings = ComparabilityWarnings(records);
  for (const RunRecord& record : records) {
    comparison.reports.push_back(BuildReport(record));
    for (const std::string& set : comparison.reports.back().sets) {
      if (std::find(comparison.sets.begin(), comparison.sets.end(), set) == comparison.sets.end()) comparison.sets.push_back(set);
    }
  }
  comparison.cells.resize(comparison.conditions.size());
  comparison.reward_rise.resize(comparison.conditions.size());
  comparison.differences.resize(comparison.conditions.size() - 1);
  for (size_t i = 0; i < comparison.conditions.size(); ++i) AddCondition(records, i, &comparison);
  SettleDifferences(&comparison);
  return comparison;
}

std::vector<std::string> IntentsOf(const RunsComparison& comparison, const std::string& set) {
  std::vector<std::string> intents;
  for (const Report& report : comparison.reports) {
    for (const std::string& intent : IntentsOf(report, set)) {
      if (std::find(intents.begin(), intents.end(), intent) == intents.end()) intents.push_back(intent);
    }
  }
  intents.emplace_back("all");
  return intents;
}

const RunsFigure* FindFigure(const RunsSets& sets, const std::string& set, const std::string& intent, const std::string& key) {
  const auto by_set = sets.find(set);
  if (by_set == sets.end()) return nullptr;
  const auto by_intent = by_set->second.find(intent);
  if (by_intent == by_set->second.end()) return nullptr;
  const auto figure = by_intent->second.find(key);
  return figure == by_intent->second.end() || !figure->second.present() ? nullptr : &figure->second;
}

std::string IntervalNote(const RunsComparison& comparison) {
  bool single = false, own_prompts = false, shared = false;
  for (const RunsSets& sets : comparison.cells) {
    for (const auto& [set, intents] : sets) {
      for (const auto& [key, figure] : intents.at("all")) {
        single = single || figure.runs.size() == 1;
        own_prompts = own_prompts || (figure.runs.size() > 1 && !figure.shared_prompts);
        shared = shared || (figure.runs.size() > 1 && figure.shared_prompts);
      }
    }
  }
  std::string note = "Intervals are of 95 %:";
  if (single) note += " of one run, over its prompts, which says nothing about the luck of training;";
  if (own_prompts) note += " of several runs, Student's t over the runs, each with prompts of its own;";
  if (shared) note += " of several runs with the same prompts, Student's t over the runs, with the variance over those prompts added;";
  note.back() = '.';
  return note + " Differences are the first minus the other, paired by seed and by prompt.";
}

std::string WriteComparisonReport(const std::vector<RunRecord>& records, const std::string& folder) {
  const RunsComparison comparison = CompareRuns(records);
  std::string csv;
  for (size_t run = 0; run < comparison.reports.size(); ++run) {
    const std::string cells = RenderCellsCsv(comparison.reports[run]);
    size_t line = cells.find("\r\n") + 2;
    if (run == 0) csv = "run,seed," + cells.substr(0, line);
    while (line < cells.size()) {
      const size_t end = cells.find("\r\n", line) + 2;
      csv += Concat(EscapeCsv(records[run].name), ",", records[run].seed, ",", cells.substr(line, end - line));
      line = end;
    }
  }
  const ReportPaths paths(folder);
  WriteFile(paths.Json(), RenderJson(comparison));
  WriteFile(paths.Html(), RenderHtml(comparison));
  WriteFile(paths.Comparison(), RenderCsv(comparison));
  WriteFile(paths.EvalCells(), csv);
  return RenderText(comparison);
}

}  // namespace temper
