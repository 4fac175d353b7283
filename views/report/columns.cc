#include "views/report/columns.h"

#include <algorithm>
#include <cmath>

#include "cluster/base/error.h"
#include "cluster/base/mean.h"
#include "views/page/escape.h"
#include "views/page/format.h"
#include "views/page/svg_parts.h"

namespace temper {
namespace {

constexpr double kLeft = 38, kRight = kChartWidth - 10, kTop = 26, kBottom = 172;

// The outline of columns between two heights, as steps.
std::string Outline(const std::vector<double>& edges, const std::vector<double>& low, const std::vector<double>& high) {
  std::string path = Concat("M", SvgNumber(edges[0]), " ", SvgNumber(low[0]));
  for (size_t i = 0; i < high.size(); ++i) path += Concat("V", SvgNumber(high[i]), "H", SvgNumber(edges[i + 1]));
  for (size_t i = low.size(); i-- > 0;) path += Concat("V", SvgNumber(low[i]), "H", SvgNumber(edges[i]));
  return path + "Z";
}

std::string ColumnAxes(const ChartAxis& y, const std::vector<double>& x, const std::string& x_label) {
  std::string out;
  const auto height = [&](double value) { return kBottom - (value - y.low) / (y.high - y.low) * (kBottom - kTop); };
  for (double tick = y.low; tick <= y.high + y.step / 2; tick += y.step) {
    out += SvgLine(kLeft, height(tick), kRight, height(tick), "grid");
    out += SvgText(kLeft - 6, height(tick) + 3.5, "tick", "end", Fixed(tick, DigitsOf(y.step)));
  }
  return out + StepAxis(x.front(), std::max(x.back(), x.front() + 1), kLeft, kRight, kBottom, x_label);
}

}  // namespace

std::string StackedColumns(const ColumnsSpec& spec) {
  const std::string open = SvgOpen(206, spec.title) + SvgText(0, 13, "title", "start", spec.title);
  if (spec.x.empty()) return open + "</svg>";
  const size_t run = RunLength(spec.x.size(), kMaxColumns);
  std::vector<std::vector<double>> tops = {{}};  // cumulated, from 0
  double largest = 0;
  for (const ColumnLayer& layer : spec.layers) {
    std::vector<double> top = Thinned(layer.values, kMaxColumns);
    tops[0].resize(top.size(), 0);
    for (size_t i = 0; i < top.size(); ++i) largest = std::max(largest, top[i] += tops.back()[i]);
    tops.push_back(std::move(top));
  }
  const ChartAxis y = spec.unit_range ? ChartAxis{0, 1, 0.2} : NiceAxis(0, largest, 4);
  for (std::vector<double>& top : tops) {
    for (double& value : top) value = kBottom - (std::min(value, y.high) - y.low) / (y.high - y.low) * (kBottom - kTop);
  }
  const size_t columns = tops[0].size();
  std::vector<double> edges;
  for (size_t i = 0; i <= columns; ++i)
    edges.push_back(kLeft + static_cast<double>(std::min(i * run, spec.x.size())) / static_cast<double>(spec.x.size()) * (kRight - kLeft));
  std::string out = open + ColumnAxes(y, spec.x, spec.x_label);
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    const ColumnLayer& layer = spec.layers[i];
    out += Concat("<path class=\"layer ", layer.style_class, "\" d=\"", Outline(edges, tops[i], tops[i + 1]), "\"><title>",
                  EscapeHtml(Concat(layer.label, ": mean ", Fixed(Mean(layer.values), 3), spec.unit)), "</title></path>");
  }
  return out + SvgLine(kLeft, kBottom, kRight, kBottom, "axis") + "</svg>";
}

}  // namespace temper
