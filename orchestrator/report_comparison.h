#pragma once

#include <map>
#include <string>
#include <vector>

#include "orchestrator/report_data.h"

namespace temper {

// A figure over several runs: the mean of the runs' values and the least and the largest of them (a range, not an interval: runs are
// few). Runs in which the figure is undefined are left out.
struct RunsFigure {
  std::vector<double> values;  // of the runs in which it is defined, in run order
  int64_t num_positive = 0;    // runs whose own interval lies above 0 (differences)
  int64_t num_negative = 0;    // runs whose own interval lies below 0

  bool present() const { return !values.empty(); }
  double mean() const;
  // As an estimate: low and high are the range, n the runs.
  Estimate AsEstimate() const;
};

// key of FigureColumns() -> figure
using RunsCell = std::map<std::string, RunsFigure>;

// The same arms over several runs (seeds).
struct RunsComparison {
  std::vector<Report> reports;  // of each run; they look into the records given
  std::vector<std::string> arms;
  std::vector<std::string> sets;
  // set -> intent ("all" too) -> cell, per arm; start: before RL; differences: the first arm minus each other one (index b - 1).
  std::vector<std::map<std::string, std::map<std::string, RunsCell>>> cells;
  std::map<std::string, std::map<std::string, RunsCell>> start;
  std::vector<std::map<std::string, std::map<std::string, RunsCell>>> differences;
  std::vector<RunsFigure> reward_rise;  // per arm
};

// Throws Error when there is no run, or when the runs' arms differ.
RunsComparison CompareRuns(const std::vector<RunRecord>& records);

std::string RenderText(const RunsComparison& comparison);
std::string RenderJson(const RunsComparison& comparison);
std::string RenderHtml(const RunsComparison& comparison);

// Intents of a set in the order shown, "all" last.
std::vector<std::string> IntentsOf(const RunsComparison& comparison, const std::string& set);

}  // namespace temper
