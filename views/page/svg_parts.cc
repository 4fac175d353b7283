#include "views/page/svg_parts.h"

#include <algorithm>
#include <cmath>

#include "cluster/base/error.h"
#include "cluster/base/utf8.h"
#include "views/page/escape.h"
#include "views/page/format.h"

namespace temper {

std::string SvgNumber(double value) { return Fixed(value, 1); }

std::string SvgText(double x, double y, const std::string& css, const std::string& anchor, const std::string& text) {
  return Concat("<text class=\"", css, "\" x=\"", SvgNumber(x), "\" y=\"", SvgNumber(y), "\" text-anchor=\"", anchor, "\">",
                EscapeHtml(text), "</text>");
}

std::string SvgLine(double x1, double y1, double x2, double y2, const std::string& css) {
  return Concat("<line class=\"", css, "\" x1=\"", SvgNumber(x1), "\" y1=\"", SvgNumber(y1), "\" x2=\"", SvgNumber(x2), "\" y2=\"",
                SvgNumber(y2), "\"/>");
}

std::string SvgOpen(double height, const std::string& title) {
  const std::string label = EscapeHtml(title);
  return Concat("<svg class=\"chart\" viewBox=\"0 0 ", SvgNumber(kChartWidth), " ", SvgNumber(height), "\" role=\"img\" aria-label=\"",
                label, "\"><title>", label, "</title>");
}

std::string SvgMarker(const std::string& css, double x, double y, double r) {
  const int shape = css.starts_with("s") && css.size() == 2 ? css[1] - '0' : 0;
  if (css == "start")
    return Concat("<circle class=\"hollow\" cx=\"", SvgNumber(x), "\" cy=\"", SvgNumber(y), "\" r=\"", SvgNumber(r), "\"/>");
  if (shape % 4 == 1)
    return Concat("<rect class=\"dot\" x=\"", SvgNumber(x - r), "\" y=\"", SvgNumber(y - r), "\" width=\"", SvgNumber(2 * r),
                  "\" height=\"", SvgNumber(2 * r), "\"/>");
  if (shape % 4 == 2) {
    const double d = 1.35 * r;
    return Concat("<path class=\"dot\" d=\"M", SvgNumber(x), " ", SvgNumber(y - d), "L", SvgNumber(x + d), " ", SvgNumber(y), "L",
                  SvgNumber(x), " ", SvgNumber(y + d), "L", SvgNumber(x - d), " ", SvgNumber(y), "Z\"/>");
  }
  if (shape % 4 == 3) {
    const double d = 1.25 * r;
    return Concat("<path class=\"dot\" d=\"M", SvgNumber(x), " ", SvgNumber(y - d), "L", SvgNumber(x + d), " ", SvgNumber(y + d), "L",
                  SvgNumber(x - d), " ", SvgNumber(y + d), "Z\"/>");
  }
  return Concat("<circle class=\"dot\" cx=\"", SvgNumber(x), "\" cy=\"", SvgNumber(y), "\" r=\"", SvgNumber(r), "\"/>");
}

std::string ShortLabel(const std::string& text, size_t max) {
  size_t at = 0, end = 0;  // end: of the last character that stands where something is cut
  for (size_t characters = 0; at < text.size(); ++characters) {
    if (characters == max) return text.substr(0, end) + "\xE2\x80\xA6";
    at += std::max<size_t>(1, Utf8Length(text, at));
    if (characters + 2 <= max) end = at;
  }
  return text;
}

double TickStep(double range, int count) {
  const double raw = range / count, power = std::pow(10.0, std::floor(std::log10(raw)));
  const double fraction = raw / power;
  return power * (fraction < 1.5 ? 1 : fraction < 3.5 ? 2 : fraction < 7.5 ? 5 : 10);
}

int DigitsOf(double step) { return std::clamp(static_cast<int>(std::ceil(-std::log10(step) - 1e-9)), 0, 9); }

ChartAxis NiceAxis(double low, double high, int count) {
  if (!(high > low)) {
    const double margin = low == 0 ? 1 : std::abs(low) * 0.1;
    low -= margin;
    high += margin;
  }
  const double step = TickStep(high - low, count);
  return {std::floor(low / step + 1e-9) * step, std::ceil(high / step - 1e-9) * step, step};
}

std::string StepAxis(double low, double high, double left, double right, double bottom, const std::string& label) {
  std::string out;
  const double step = std::max(1.0, TickStep(high - low, 5));  // steps are whole
  for (double tick = std::ceil(low / step - 1e-9) * step; tick <= high + 1e-9; tick += step) {
    out += SvgText(left + (tick - low) / (high - low) * (right - left), bottom + 14, "tick", "middle", Fixed(tick, 0));
  }
  return out + SvgText(right, bottom + 28, "tick", "end", label);
}

size_t RunLength(size_t count, size_t most) { return std::max<size_t>(1, (count + most - 1) / most); }

std::vector<double> Thinned(const std::vector<double>& values, size_t most) {
  const size_t run = RunLength(values.size(), most);
  std::vector<double> means;
  for (size_t begin = 0; begin < values.size(); begin += run) {
    const size_t end = std::min(values.size(), begin + run);
    double sum = 0;
    for (size_t i = begin; i < end; ++i) sum += values[i];
    means.push_back(sum / static_cast<double>(end - begin));
  }
  return means;
}

}  // namespace temper
