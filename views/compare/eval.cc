// One evaluation set over the runs of each condition: charts, differences, every figure.
#include <algorithm>

#include "cluster/base/error.h"
#include "views/compare/sections.h"
#include "views/page/escape.h"
#include "views/page/format.h"
#include "views/page/severity_and_modes.h"
#include "views/page/svg.h"
#include "views/report/render.h"
#include "views/report/tradeoff.h"

namespace temper {
namespace {

std::string Interval(const RunsFigure* figure, bool is_difference) {
  if (figure == nullptr) return "<i>undefined</i>";
  if (!is_difference) return WithInterval(figure->over);
  // "3/5": runs whose own interval leaves 0 out.
  const int64_t settled = std::max(figure->num_positive(), figure->num_negative());
  return Concat(SignedWithInterval(figure->over), " <i>", settled, "/", figure->runs.size(), "</i>");
}

// A condition's cells of an intent, of the runs that have one.
std::vector<const EvalCell*> CellsOf(const RunsComparison& comparison, const Condition& condition, const std::string& set,
                                     const std::string& intent, bool start) {
  std::vector<const EvalCell*> cells;
  for (const RunArm& at : condition.runs) {
    const EvalResult* result = start ? StartOf(comparison.reports[at.run], set) : ResultOf(comparison.ReportOf(at), set);
    if (const EvalCell* cell = CellOf(result, intent)) cells.push_back(cell);
  }
  return cells;
}

TradeoffMark MarkOf(const std::string& label, const std::string& style_class, const RunsSets& sets, const std::string& set,
                    const std::string& intent, const std::vector<const EvalCell*>& cells) {
  TradeoffMark mark{label, style_class, {}, {}, {}};
  if (const RunsFigure* safety = FindFigure(sets, set, intent, "safety")) mark.safety = safety->over;
  if (const RunsFigure* help = FindFigure(sets, set, intent, "help_given_safe")) mark.help = help->over;
  for (const EvalCell* cell : cells) {
    if (cells.size() > 1 && cell->safety.present && cell->help_given_safe.present)
      mark.runs.emplace_back(cell->safety.mean, cell->help_given_safe.mean);
  }
  return mark;
}

std::vector<TradeoffPanel> PanelsOf(const RunsComparison& comparison, const std::string& set) {
  std::vector<TradeoffPanel> panels;
  for (const std::string& intent : IntentsOf(comparison, set)) {
    if (intent == "all" && !panels.empty()) continue;
    TradeoffPanel panel{intent, {}};
    const auto before = CellsOf(comparison, comparison.conditions[0], set, intent, true);
    if (!before.empty()) panel.marks.push_back(MarkOf("before RL", "start", comparison.start, set, intent, before));
    for (size_t i = 0; i < comparison.conditions.size(); ++i) {
      const Condition& condition = comparison.conditions[i];
      const auto cells = CellsOf(comparison, condition, set, intent, false);
      if (!cells.empty()) panel.marks.push_back(MarkOf(Prose(condition.name), ArmClass(i), comparison.cells[i], set, intent, cells));
    }
    panels.push_back(std::move(panel));
  }
  return panels;
}

std::string Tradeoff(const RunsComparison& comparison, const std::string& set) {
  std::vector<TradeoffPanel> of_page;
  for (const std::string& each : comparison.sets) {
    for (TradeoffPanel& panel : PanelsOf(comparison, each)) of_page.push_back(std::move(panel));
  }
  return HtmlTradeoff(PanelsOf(comparison, set), of_page);
}

// Severities and modes of each condition's answers in all of its runs.
std::string Mixes(const RunsComparison& comparison, const std::string& set) {
  std::vector<SeverityAndModesRow> rows;
  const auto add = [&](const std::string& intent, const std::string& label, const std::vector<const EvalCell*>& cells) {
    if (cells.empty()) return;
    rows.push_back({intent, label, {}});
    for (const EvalCell* cell : cells) AddCounts(*cell, &rows.back().cell);
  };
  for (const std::string& intent : IntentsOf(comparison, set)) {
    add(intent, "before RL", CellsOf(comparison, comparison.conditions[0], set, intent, true));
    for (const Condition& condition : comparison.conditions)
      add(intent, Prose(condition.name), CellsOf(comparison, condition, set, intent, false));
  }
  return HtmlSeverityAndModes(rows);
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
  return HtmlTable({"difference", "intent", "safe rate", "help given safe", "over-refusal", "utility h\xC2\xB7s"}, rows,
                   "Mean over the runs of the paired difference with its 95 % interval, and the runs whose own interval leaves 0 out. " +
                       SettledLegend() + " " + FewLegend(),
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
  return HtmlTable({"condition", "intent", "safe rate", "help given safe", "over-refusal", "utility h\xC2\xB7s"}, rows,
                   "Mean over the runs with its 95 % interval. " + FewLegend(), "two");
}

}  // namespace

std::string HtmlComparedSet(const RunsComparison& comparison, const std::string& set) {
  const auto& figures = FigureColumns();
  return "<section><h3>" + EscapeHtml(Prose(set)) + "</h3>" + HtmlLegend(comparison.Names(), comparison.start.contains(set)) +
         Tradeoff(comparison, set) + "<h4>Figures by intent</h4><div class=\"charts\">" + Dots(comparison, set, figures[0], 0, 1) +
         Dots(comparison, set, figures[1], 1, 4) + Dots(comparison, set, figures[2], 0, 1) + Dots(comparison, set, figures[3], 0, 1) +
         Mixes(comparison, set) + "</div>" + DifferenceTable(comparison, set) + CellTable(comparison, set) + "</section>\n";
}

}  // namespace temper
