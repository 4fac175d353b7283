#include <algorithm>
#include <cmath>

#include "cluster/base/error.h"
#include "views/page/escape.h"
#include "views/page/format.h"
#include "views/page/svg.h"
#include "views/report/columns.h"
#include "views/report/render.h"

// The section on time: what waited for what, from the spans of the processes and the timings of the steps.
namespace temper {
namespace {

std::string ActivityLegend() {
  static constexpr const char* kMeanings[kNumActivities] = {
      "draws completions",  "grades", "computes the update", "moves weights (sync)", "other work: data, checkpoints, evaluation",
      "waits (a thin line)"};
  std::vector<std::pair<std::string, std::string>> legend;
  for (int i = 0; i < kNumActivities; ++i) legend.emplace_back(ActivityClass(static_cast<Activity>(i)), kMeanings[i]);
  return HtmlSwatches(legend);
}

// The arms' names for the RL stages where they are as many; the order of both is that of the run.
std::vector<std::string> StageNames(const Report& report) {
  int64_t stages = 0;
  for (const TraceTimeline::Stage& stage : report.timeline.stages) {
    if (stage.name == "rl") stages = std::max(stages, stage.index + 1);
  }
  std::vector<std::string> names;
  for (const TraceTimeline::Stage& stage : report.timeline.stages) {
    const bool known = stage.name == "rl" && stages == static_cast<int64_t>(report.arms.size()) && stages > 1;
    names.push_back(stage.name == "sft"    ? "SFT"
                    : stage.name == "eval" ? "evaluation"
                    : known                ? "RL, " + Prose(report.arms[static_cast<size_t>(stage.index)].name)
                                           : "RL");
  }
  return names;
}

std::string Seconds(const std::map<std::string, double>& seconds) {
  std::vector<std::pair<double, std::string>> longest;
  for (const auto& [phase, value] : seconds) longest.emplace_back(-value, phase);
  std::sort(longest.begin(), longest.end());
  std::string out;
  for (const auto& [value, phase] : longest) out += Concat(out.empty() ? "" : ", ", EscapeHtml(Prose(phase)), " ", Fixed(-value, 1), " s");
  return out;
}

std::string BusyTable(const TraceSummary& summary) {
  std::vector<std::vector<std::string>> rows;
  for (const TraceSummary::Row& row : summary.rows) {
    const std::string rate = row.units_per_s > 0
                                 ? Concat(Thousands(std::llround(row.units_per_s)), row.role == "reward" ? " grades/s" : " tokens/s")
                                 : std::string("-");
    rows.push_back({EscapeHtml(row.name), Seconds(row.seconds), Fixed(row.busy * 100, 0) + " %", Fixed(row.idle * 100, 0) + " %", rate});
  }
  return HtmlTable({"process", "phases", "busy", "idle", "while working"}, rows,
                   Concat("Over the ", Fixed(summary.seconds, 1), " s of RL (", summary.steps, " steps)."), "two wrap");
}

std::string Scrolled(const std::string& chart, const std::string& label) {
  return "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"" + label + "\"><figure>" + chart + "</figure></div>";
}

std::string Lines(const Report& report) {
  const TraceTimeline& line = report.timeline;
  if (line.seconds <= 0) return "";
  std::string out = ActivityLegend();
  if (line.window_end_s > line.window_begin_s)
    out += Scrolled(WindowChart(line), "Time line of some steps") +
           "<p class=\"note\">Consecutive steps of median length, so what was usual. Point at a piece for its phase and length.</p>";
  out += Scrolled(RunChart(line, StageNames(report)), "Time line of the run");
  std::string note = "Each column of a process is filled as far as it worked in that part of the run.";
  if (line.rows_left_out > 0)
    note += Concat(" ", line.rows_left_out, line.rows_left_out == 1 ? " process is" : " processes are",
                   " left out: of a role the most and the least busy are shown.");
  if (line.attempts > 1) note += Concat(" Of ", line.attempts, " attempts, attempt ", line.attempt, " is shown: it has the most RL.");
  return out + "<p class=\"note\">" + note + "</p>" + (line.summary.rows.empty() ? "" : BusyTable(line.summary));
}

std::string TimeFindings(const Report& report) {
  const TraceSummary& summary = report.timeline.summary;
  if (!summary.findings.empty()) return HtmlList(summary.findings);
  return summary.steps > 0 ? "<p>Nothing waits for long, or there are too few steps to judge.</p>" : "";
}

double ValueOf(const MetricRow& row, const std::string& metric) {
  const auto found = row.values.find(metric);
  return found == row.values.end() ? 0 : found->second;
}

// Seconds of each step by section, of one arm; "" where it has none.
std::string StepColumns(const ArmReport& arm, const ArmRecord& record) {
  ColumnsSpec spec{Prose(arm.name) + ": seconds of a step", "RL step", " s", {}, {}, false};
  spec.layers = {{"waiting for rollouts", "t0", {}},
                 {"waiting for grades", "t1", {}},
                 {"update", "t2", {}},
                 {"publishing weights", "t3", {}},
                 {"other", "t4", {}}};
  for (const MetricRow& row : record.metrics) {
    if (row.stage != "rl" || !row.values.contains("timing_s/step")) continue;
    spec.x.push_back(static_cast<double>(row.step));
    double rest = ValueOf(row, "timing_s/step");
    size_t layer = 0;
    for (const char* section : {"timing_s/rollout", "timing_s/reward", "timing_s/update", "timing_s/publish"}) {
      const double value = std::min(rest, ValueOf(row, section));  // the learner's may begin before the step's own clock
      spec.layers[layer++].values.push_back(value);
      rest -= value;
    }
    spec.layers[layer].values.push_back(rest);
  }
  return spec.x.empty() ? "" : "<figure>" + StackedColumns(spec) + "</figure>";
}

std::string SectionLegend() {
  return HtmlSwatches({{"t0", "waiting for rollouts"},
                       {"t1", "waiting for grades"},
                       {"t2", "update"},
                       {"t3", "publishing weights"},
                       {"t4", "other: data, files, messages"}});
}

}  // namespace

std::string HtmlTime(const Report& report) {
  std::string steps;
  for (size_t i = 0; i < report.arms.size(); ++i) steps += StepColumns(report.arms[i], report.record->arms[i]);
  const std::string lines = Lines(report);
  if (steps.empty() && lines.empty()) return "";
  if (!steps.empty()) steps = "<h3>Every step</h3>" + SectionLegend() + "<div class=\"charts\">" + steps + "</div>";
  return "<section id=\"time\"><h2>Where the time went</h2>" + TimeFindings(report) + lines + steps + "</section>\n";
}

}  // namespace temper
