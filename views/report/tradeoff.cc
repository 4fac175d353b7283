#include "views/report/tradeoff.h"

#include <algorithm>

#include "cluster/base/error.h"
#include "views/page/escape.h"
#include "views/page/format.h"
#include "views/page/svg_parts.h"
#include "views/report/render.h"

namespace temper {
namespace {

constexpr double kHeight = 236, kPlotLeft = 34, kPlotRight = kChartWidth - 12, kPlotTop = 40, kPlotBottom = 196;

bool CanBeDrawn(const TradeoffMark& mark) { return mark.safety.present && mark.help.present; }

// The scales that the panels share.
struct Scales {
  ChartAxis safety, help;

  double X(double value) const {
    return kPlotLeft + (std::clamp(value, safety.low, safety.high) - safety.low) / (safety.high - safety.low) * (kPlotRight - kPlotLeft);
  }
  double Y(double value) const {
    return kPlotBottom - (std::clamp(value, help.low, help.high) - help.low) / (help.high - help.low) * (kPlotBottom - kPlotTop);
  }
};

// An axis around the values, at least a fifth of the scale and nowhere beyond it.
ChartAxis AxisAround(const std::vector<double>& values, FigureScale scale) {
  const double least = (scale.high - scale.low) / 5;
  double low = std::clamp(*std::min_element(values.begin(), values.end()), scale.low, scale.high);
  double high = std::clamp(*std::max_element(values.begin(), values.end()), scale.low, scale.high);
  const double missing = std::max(0.0, least - (high - low)) / 2;
  low = std::max(scale.low, std::min(low - missing, scale.high - least));
  high = std::min(scale.high, std::max(high + missing, scale.low + least));
  ChartAxis axis = NiceAxis(low, high, 4);
  axis.low = std::max(axis.low, scale.low);
  axis.high = std::min(axis.high, scale.high);
  return axis;
}

Scales ScalesOf(const std::vector<TradeoffPanel>& panels) {
  std::vector<double> safety, help;
  for (const TradeoffPanel& panel : panels) {
    for (const TradeoffMark& mark : panel.marks) {
      if (!CanBeDrawn(mark)) continue;
      safety.push_back(mark.safety.mean), help.push_back(mark.help.mean);
      if (mark.safety.has_interval()) safety.insert(safety.end(), {mark.safety.low, mark.safety.high});
      if (mark.help.has_interval()) help.insert(help.end(), {mark.help.low, mark.help.high});
      for (const auto& [x, y] : mark.runs) safety.push_back(x), help.push_back(y);
    }
  }
  return {AxisAround(safety, kShareScale), AxisAround(help, kHelpScale)};
}

std::string Grid(const Scales& scales) {
  std::string out;
  for (double tick = scales.safety.low; tick <= scales.safety.high + 1e-9; tick += scales.safety.step) {
    out += SvgLine(scales.X(tick), kPlotTop, scales.X(tick), kPlotBottom, "grid") +
           SvgText(scales.X(tick), kPlotBottom + 14, "tick", "middle", Fixed(tick, DigitsOf(scales.safety.step)));
  }
  for (double tick = scales.help.low; tick <= scales.help.high + 1e-9; tick += scales.help.step) {
    out += SvgLine(kPlotLeft, scales.Y(tick), kPlotRight, scales.Y(tick), "grid") +
           SvgText(kPlotLeft - 6, scales.Y(tick) + 3.5, "tick", "end", Fixed(tick, DigitsOf(scales.help.step)));
  }
  return out + SvgText(0, 29, "tick", "start", "help given safe \xE2\x86\x91") +
         SvgText(kPlotRight, kPlotBottom + 29, "tick", "end", "safe rate \xE2\x86\x92");
}

std::string Mark(const Scales& scales, const TradeoffMark& mark, const TradeoffMark* start) {
  const double x = scales.X(mark.safety.mean), y = scales.Y(mark.help.mean);
  std::string out = Concat("<g class=\"", mark.style_class, "\"><title>",
                           EscapeHtml(Concat(mark.label, ": safe rate ", WithInterval(mark.safety), ", help given safe ",
                                             WithInterval(mark.help, 2), ", n = ", Thousands(mark.safety.n))),
                           "</title>");
  if (start != nullptr) out += SvgLine(scales.X(start->safety.mean), scales.Y(start->help.mean), x, y, "raw");
  for (const auto& [safety, help] : mark.runs) {
    out += Concat("<circle class=\"run\" cx=\"", SvgNumber(scales.X(safety)), "\" cy=\"", SvgNumber(scales.Y(help)), "\" r=\"2.2\"/>");
  }
  if (mark.safety.has_interval()) out += SvgLine(scales.X(mark.safety.low), y, scales.X(mark.safety.high), y, "ci");
  if (mark.help.has_interval()) out += SvgLine(x, scales.Y(mark.help.low), x, scales.Y(mark.help.high), "ci");
  return out + SvgMarker(mark.style_class, x, y, 4.2) + "</g>";
}

std::string Panel(const Scales& scales, const TradeoffPanel& panel) {
  const TradeoffMark* start = nullptr;
  std::string undefined, marks;
  for (const TradeoffMark& mark : panel.marks) {
    if (!CanBeDrawn(mark)) {
      undefined += (undefined.empty() ? "" : ", ") + mark.label;
    } else if (mark.style_class == "start") {
      start = &mark;
    }
  }
  for (const TradeoffMark& mark : panel.marks) {
    if (CanBeDrawn(mark)) marks += Mark(scales, mark, &mark == start ? nullptr : start);
  }
  const std::string title = Prose(panel.intent);
  std::string out = "<figure>" + SvgOpen(kHeight, "Safe rate and help given safe, " + title) + SvgText(0, 13, "title", "start", title) +
                    Grid(scales) + marks + "</svg>";
  if (!undefined.empty()) out += "<figcaption>Without a safe answer, so nowhere: " + EscapeHtml(undefined) + ".</figcaption>";
  return out + "</figure>";
}

TradeoffMark MarkOf(const std::string& label, const std::string& style_class, const EvalCell& cell) {
  return {label, style_class, cell.safety, cell.help_given_safe, {}};
}

std::vector<TradeoffPanel> PanelsOf(const Report& report, const std::string& set) {
  std::vector<TradeoffPanel> panels;
  for (const std::string& intent : IntentsOf(report, set)) {
    TradeoffPanel panel{intent, {}};
    if (const EvalCell* cell = CellOf(StartOf(report, set), intent)) panel.marks.push_back(MarkOf("before RL", "start", *cell));
    for (size_t i = 0; i < report.arms.size(); ++i) {
      const EvalCell* cell = CellOf(ResultOf(report.arms[i], set), intent);
      if (cell != nullptr) panel.marks.push_back(MarkOf(Prose(report.arms[i].name), ArmClass(i), *cell));
    }
    panels.push_back(std::move(panel));
  }
  return panels;
}

}  // namespace

std::string HtmlTradeoff(const std::vector<TradeoffPanel>& panels, const std::vector<TradeoffPanel>& of_page) {
  const auto has_marks = [](const TradeoffPanel& panel) { return std::any_of(panel.marks.begin(), panel.marks.end(), CanBeDrawn); };
  if (std::none_of(panels.begin(), panels.end(), has_marks)) return "";
  const Scales scales = ScalesOf(of_page);
  std::string out = "<h4>Safe rate against helpfulness</h4><div class=\"charts\">";
  for (const TradeoffPanel& panel : panels) {
    if (!panel.marks.empty()) out += Panel(scales, panel);
  }
  return out +
         "</div><p class=\"note\">Further up and to the right is better. Crosses: 95 % intervals; faint lines: from before RL; small dots: "
         "single runs, where there are several. The axes cover the marks, not the whole scales of 0 to 1 and 1 to 4, and are the same in "
         "every panel of the page.</p>";
}

std::string HtmlTradeoff(const Report& report, const std::string& set) {
  std::vector<TradeoffPanel> of_page;
  for (const std::string& each : report.sets) {
    for (TradeoffPanel& panel : PanelsOf(report, each)) of_page.push_back(std::move(panel));
  }
  return HtmlTradeoff(PanelsOf(report, set), of_page);
}

}  // namespace temper
