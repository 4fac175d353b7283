#include <algorithm>

#include "cluster/error.h"
#include "orchestrator/report_comparison.h"
#include "orchestrator/report_format.h"
#include "orchestrator/report_render.h"
#include "orchestrator/report_svg.h"

namespace temper {
namespace {

std::string Interval(const RunsFigure* figure, bool is_difference) {
  if (figure == nullptr) return "<i>undefined</i>";
  if (!is_difference) return WithInterval(figure->over);
  // "3/5": runs whose own interval settles the sign.
  const int64_t settled = std::max(figure->num_positive(), figure->num_negative());
  return Concat(SignedWithInterval(figure->over), " <i>", settled, "/", figure->runs.size(), "</i>");
}

// Mean over runs at each step that every run has, with the range as a band.
LineSeries CurveOver(const RunsComparison& comparison, size_t index, const std::string& metric) {
  const Condition& condition = comparison.conditions[index];
  LineSeries series;
  series.label = Prose(condition.name);
  series.style_class = ArmClass(index);
  series.smooth = false;
  std::map<double, std::vector<double>> by_step;
  for (const RunArm& at : condition.runs) {
    const auto& curves = comparison.ReportOf(at).curves;
    const auto curve = curves.find(metric);
    if (curve == curves.end()) continue;
    const std::vector<double> smoothed = SmoothedValues(curve->second.values, kSmoothing);
    for (size_t i = 0; i < smoothed.size(); ++i) by_step[curve->second.steps[i]].push_back(smoothed[i]);
  }
  for (const auto& [step, values] : by_step) {
    if (values.size() != condition.runs.size()) continue;
    double sum = 0;
    for (const double value : values) sum += value;
    series.x.push_back(step);
    series.y.push_back(sum / static_cast<double>(values.size()));
    series.low.push_back(*std::min_element(values.begin(), values.end()));
    series.high.push_back(*std::max_element(values.begin(), values.end()));
  }
  return series;
}

std::string Curves(const RunsComparison& comparison) {
  static constexpr std::pair<const char*, const char*> kMetrics[] = {
      {"reward/mean", "Reward, each arm's own composer"}, {"reward/safety_mean", "Safety s"}, {"reward/helpfulness_mean", "Helpfulness h"}};
  std::string charts;
  for (const auto& [metric, title] : kMetrics) {
    LineChartSpec spec{title, "RL step", {}, true};
    for (size_t arm = 0; arm < comparison.conditions.size(); ++arm) {
      LineSeries series = CurveOver(comparison, arm, metric);
      if (!series.x.empty()) spec.series.push_back(std::move(series));
    }
    if (!spec.series.empty()) charts += "<figure>" + LineChart(spec) + "</figure>";
  }
  if (charts.empty()) return "";
  return "<section id=\"training\"><h2>Training</h2>" + HtmlLegend(comparison.Names(), false) + "<div class=\"charts\">" + charts +
         "</div><p class=\"note\">Mean over the runs of each run's exponential mean; the band spans the runs.</p></section>\n";
}

std::string Dots(const RunsComparison& comparison, const std::string& set, const FigureColumn& figure, double low, double high) {
  DotPlotSpec spec{figure.label, low, high, {}};
  for (const std::string& intent : IntentsOf(comparison, set)) {
    DotRow row{Prose(intent), {}};
    bool any = false;
    const auto add = [&](const std::string& label, const std::string& css, const RunsFigure* found) {
      any = any || found != nullptr;
      row.marks.push_back(
          {label, css, found == nullptr ? Estimate{} : found->over, found == nullptr ? std::vector<double>{} : found->values()});
    };
    if (const RunsFigure* start = FindFigure(comparison.start, set, intent, figure.key)) add("before RL", "start", start);
    for (size_t arm = 0; arm < comparison.conditions.size(); ++arm) {
      add(Prose(comparison.conditions[arm].name), ArmClass(arm), FindFigure(comparison.cells[arm], set, intent, figure.key));
    }
    if (any) spec.rows.push_back(std::move(row));
  }
  return spec.rows.empty() ? "" : "<figure>" + DotPlot(spec) + "</figure>";
}

std::string DifferenceTable(const RunsComparison& comparison, const std::string& set) {
  std::vector<std::vector<std::string>> rows;
  for (size_t b = 1; b < comparison.conditions.size(); ++b) {
    for (const std::string& intent : IntentsOf(comparison, set)) {
      std::vector<std::string> row = {
          EscapeHtml(Prose(comparison.conditions[0].name) + " \xE2\x88\x92 " + Prose(comparison.conditions[b].name)),
          EscapeHtml(Prose(intent))};
      for (const FigureColumn& figure : FigureColumns()) {
        row.push_back(Interval(FindFigure(comparison.differences[b - 1], set, intent, figure.key), true));
      }
      rows.push_back(row);
    }
  }
  if (rows.empty()) return "";
  return HtmlTable({"difference", "intent", "safety", "help given safe", "over-refusal", "utility h\xC2\xB7s"}, rows,
                   "Mean over the runs of the paired difference with its 95 % interval, and the runs whose own interval settles its sign.",
                   "two");
}

std::string CellTable(const RunsComparison& comparison, const std::string& set) {
  std::vector<std::vector<std::string>> rows;
  for (size_t arm = 0; arm < comparison.conditions.size(); ++arm) {
    for (const std::string& intent : IntentsOf(comparison, set)) {
      std::vector<std::string> row = {EscapeHtml(Prose(comparison.conditions[arm].name)), EscapeHtml(Prose(intent))};
      for (const FigureColumn& figure : FigureColumns()) {
        row.push_back(Interval(FindFigure(comparison.cells[arm], set, intent, figure.key), false));
      }
      rows.push_back(row);
    }
  }
  return HtmlTable({"condition", "intent", "safety", "help given safe", "over-refusal", "utility h\xC2\xB7s"}, rows,
                   "Mean over the runs with its 95 % interval.", "two");
}

std::string ConditionTable(const RunsComparison& comparison) {
  std::vector<std::string> head = {"condition", "seeds"};
  for (const DifferingSetting& setting : comparison.settings) head.push_back(EscapeHtml(setting.key));
  std::vector<std::vector<std::string>> rows;
  for (size_t i = 0; i < comparison.conditions.size(); ++i) {
    std::vector<std::string> row = {EscapeHtml(Prose(comparison.conditions[i].name)), comparison.Seeds(comparison.conditions[i])};
    for (const DifferingSetting& setting : comparison.settings)
      row.push_back(EscapeHtml(setting.values[i].empty() ? "?" : setting.values[i]));
    rows.push_back(row);
  }
  return "<section id=\"conditions\"><h2>What is compared</h2>" + HtmlTable(head, rows, "Each with the settings that differ.", "two") +
         "</section>\n";
}

}  // namespace

std::string RenderHtml(const RunsComparison& comparison) {
  std::string body =
      Concat("<header><h1>Safety report: ", comparison.reports.size(), " runs side by side</h1><p class=\"sub\">Policy spec <code>",
             EscapeHtml(comparison.reports[0].record->policy_name), "</code></p></header>\n");
  body += ConditionTable(comparison) + Curves(comparison) +
          "<section id=\"evaluation\"><h2>Evaluation</h2><p class=\"note\">Large marks: mean over the runs; small marks: single runs; "
          "bars: 95 % intervals. " +
          EscapeHtml(IntervalNote(comparison)) + "</p>";
  const auto& figures = FigureColumns();
  for (const std::string& set : comparison.sets) {
    body += "<section><h3>" + EscapeHtml(Prose(set)) + "</h3>" + HtmlLegend(comparison.Names(), comparison.start.contains(set)) +
            "<div class=\"charts\">" + Dots(comparison, set, figures[0], 0, 1) + Dots(comparison, set, figures[1], 1, 4) +
            Dots(comparison, set, figures[2], 0, 1) + Dots(comparison, set, figures[3], 0, 1) + "</div>" +
            DifferenceTable(comparison, set) + CellTable(comparison, set) + "</section>\n";
  }
  body += "</section>\n<section id=\"runs\"><h2>The runs</h2>";
  for (const Report& report : comparison.reports) {
    body += Concat("<details open><summary>", EscapeHtml(report.record->name), ", seed ", report.record->seed, "</summary>",
                   HtmlList(report.findings), "<p><b>Weaknesses</b></p>", HtmlList(report.weaknesses), "</details>");
  }
  const bool built_in =
      std::any_of(comparison.reports.begin(), comparison.reports.end(), [](const Report& r) { return r.record->built_in_world; });
  return HtmlPage("Safety report: comparison", body + "</section>\n" + HtmlLimits(built_in));
}

}  // namespace temper
