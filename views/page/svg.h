#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "evaluation/figures.h"

namespace temper {

// Charts as inline SVG. Colours come from the page's style sheet through classes (style_class: "s0".."s5" for arms, "start", "m0".. for
// modes, "v1".. for severities), so that one drawing serves light, dark and print; arms differ by marker as well as by colour. Each chart
// has a role, a label and a title; each mark a title that a pointer shows. Text given here is escaped here.

struct LineSeries {
  std::string label;
  std::string style_class;
  std::vector<double> x, y;       // parallel, x ascending
  std::vector<double> low, high;  // a band around y, parallel to it; empty = none
  bool smooth = true;             // draw y faintly and its exponential mean over it; false = draw y itself
  bool dashed = false;            // with smooth false: a thin dashed line that ends without a mark
};

struct LineChartSpec {
  std::string title;
  std::string x_label;
  std::vector<LineSeries> series;
  bool unit_range = false;                                          // y axis from 0 to 1 when the values lie within
  std::optional<std::pair<double, double>> x_range = std::nullopt;  // what charts side by side share; none = that of the series
  std::optional<std::pair<double, double>> healthy = std::nullopt;  // values shaded as usual; a side may be infinite
};
std::string LineChart(const LineChartSpec& spec);

struct DotMark {
  std::string label;  // the arm
  std::string style_class;
  Estimate estimate;           // not drawn where it is not present, but said so
  std::vector<double> points;  // single runs behind the mean, drawn small
};
struct DotRow {
  std::string label;
  std::vector<DotMark> marks;
};
struct DotPlotSpec {
  std::string title;
  double low = 0;  // range of the x axis
  double high = 1;
  std::vector<DotRow> rows;
};
std::string DotPlot(const DotPlotSpec& spec);

struct StackPart {
  std::string label;
  std::string style_class;
  double value = 0;
};
struct StackRow {
  std::string group;  // printed once above the rows that share it; may be empty
  std::string label;
  std::vector<StackPart> parts;
  std::string note;  // at the right end, e.g. "n = 64"
};
struct StackedBarsSpec {
  std::string title;
  std::string unit;        // of the values, for the marks' titles
  bool normalized = true;  // every bar as shares of its sum; false = bars to one common scale
  std::vector<StackRow> rows;
};
std::string StackedBars(const StackedBarsSpec& spec);

// The mark of an arm, for legends.
std::string LegendMark(const std::string& style_class);

// Exponential mean with weight `keep` on the past, corrected for its start: m_t = keep m_{t-1} + (1 - keep) y_t, shown as
// m_t / (1 - keep^t).
std::vector<double> SmoothedValues(const std::vector<double>& values, double keep);
inline constexpr double kSmoothing = 0.8;

}  // namespace temper
