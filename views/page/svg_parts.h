#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace temper {

// What the charts are drawn with: pieces of SVG in the chart's own units, styled by classes of the page's style sheet. Text is escaped
// here. For the files that draw a chart; pages use those (views/page/svg.h, views/report/tradeoff.h).

inline constexpr double kChartWidth = 360;

// A coordinate, with one decimal.
std::string SvgNumber(double value);

// anchor: start | middle | end
std::string SvgText(double x, double y, const std::string& css, const std::string& anchor, const std::string& text);
std::string SvgLine(double x1, double y1, double x2, double y2, const std::string& css);

// The start of a chart of kChartWidth by `height`, with its title for screen readers; the caller closes it.
std::string SvgOpen(double height, const std::string& title);

// Marker of a style class around (x, y): circle, square, diamond, triangle, by the digit of "s0".."s5"; hollow for "start".
std::string SvgMarker(const std::string& css, double x, double y, double r);

// A label cut to at most `max` characters, the last of them "..." as one.
std::string ShortLabel(const std::string& text, size_t max);

// A step of 1, 2 or 5 times a power of ten that cuts the range into about `count` parts, and the decimals its multiples need.
double TickStep(double range, int count);
int DigitsOf(double step);

// An axis whose ends are multiples of its step.
struct ChartAxis {
  double low, high, step;
};
// The one around [low, high] with about `count` steps; a range of nothing is widened.
ChartAxis NiceAxis(double low, double high, int count);

// The x axis of charts over training steps from `low` to `high`, under the drawing area: ticks at whole steps and the label.
std::string StepAxis(double low, double high, double left, double right, double bottom, const std::string& label);

// The means of runs of values, all but the last as long, so that there are at most `most`; the values themselves where they are no more.
std::vector<double> Thinned(const std::vector<double>& values, size_t most);
// How many values are in a run.
size_t RunLength(size_t count, size_t most);

}  // namespace temper
