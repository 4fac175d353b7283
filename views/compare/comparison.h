#pragma once

#include <map>
#include <string>
#include <vector>

#include "views/compare/comparability.h"
#include "views/compare/conditions.h"
#include "views/report/report_data.h"

namespace temper {

// A figure over the runs of a condition, or a difference over its pairs of runs. Runs in which it is undefined are left out.
struct RunsFigure {
  std::vector<Estimate> runs;   // by seed
  Estimate over;                // their mean and 95 % interval (evaluation/intervals.h); n = runs
  bool shared_prompts = false;  // the runs answered the same prompts

  bool present() const { return over.present; }
  int64_t num_positive() const;  // runs whose own interval lies above 0 (differences)
  int64_t num_negative() const;
  std::vector<double> values() const;  // the runs' means
};

// key of FigureColumns() -> figure; intent ("all" too) -> cell; set -> intents
using RunsCell = std::map<std::string, RunsFigure>;
using RunsIntents = std::map<std::string, RunsCell>;
using RunsSets = std::map<std::string, RunsIntents>;

// Several runs side by side: arms of one run, the same arms over seeds, the runs of a sweep, runs of different configs.
struct RunsComparison {
  std::vector<Report> reports;  // of each run; they look into the records given
  std::vector<Condition> conditions;
  std::vector<DifferingSetting> settings;
  std::vector<DifferingOrigin> origins;
  std::vector<std::string> warnings;  // why figures are not comparable
  std::vector<std::string> sets;
  std::vector<RunsSets> cells;          // per condition
  RunsSets start;                       // before RL, of the first condition
  std::vector<RunsSets> differences;    // the first condition minus each other one (index b - 1), over pairs of runs with the same prompts
  std::vector<RunsFigure> reward_rise;  // per condition

  const ArmReport& ReportOf(const RunArm& at) const { return reports[at.run].arms[at.arm]; }
  std::vector<std::string> Names() const;               // of the conditions
  std::string Seeds(const Condition& condition) const;  // "1, 2, 3"
};

// Throws Error where ConditionsOf does.
RunsComparison CompareRuns(const std::vector<RunRecord>& records);

std::string RenderText(const RunsComparison& comparison);
std::string RenderJson(const RunsComparison& comparison);
std::string RenderHtml(const RunsComparison& comparison);
std::string RenderCsv(const RunsComparison& comparison);

// What graded the runs, each sentence once (views/report/grading.h); and what the comparison does not show.
std::vector<std::string> GradingNotes(const RunsComparison& comparison);
std::vector<std::string> LimitsOf(const RunsComparison& comparison);

// What the intervals of this comparison are, in a sentence or two.
std::string IntervalNote(const RunsComparison& comparison);

// The figure, or null where it is not there or undefined.
const RunsFigure* FindFigure(const RunsSets& sets, const std::string& set, const std::string& intent, const std::string& key);

// Intents of a set in the order shown, "all" last.
std::vector<std::string> IntentsOf(const RunsComparison& comparison, const std::string& set);

// Reports several runs side by side : report.json, report.html, comparison.csv and eval_cells.csv of all
// runs in `folder`, which must exist. Returns the table for a terminal. Throws Error when there is no run.
std::string WriteComparisonReport(const std::vector<RunRecord>& records, const std::string& folder);

}  // namespace temper
