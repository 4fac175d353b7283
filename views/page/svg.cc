#include "views/page/svg.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "cluster/base/error.h"
#include "views/page/escape.h"
#include "views/page/format.h"
#include "views/page/svg_parts.h"

namespace temper {
namespace {

constexpr size_t kMaxPoints = 500;  // of a line; longer ones are thinned by means of runs of steps

// The drawing area of a line chart and its scales.
struct Frame {
  double left = 38, right = kChartWidth - 10, top = 26, bottom = 172;
  ChartAxis x{}, y{};

  double X(double value) const { return left + (value - x.low) / (x.high - x.low) * (right - left); }
  double Y(double value) const { return bottom - (value - y.low) / (y.high - y.low) * (bottom - top); }
};

std::string Polyline(const Frame& frame, const std::vector<double>& x, const std::vector<double>& y, const std::string& css) {
  std::string points;
  for (size_t i = 0; i < x.size(); ++i) points += Concat(i == 0 ? "" : " ", SvgNumber(frame.X(x[i])), ",", SvgNumber(frame.Y(y[i])));
  return Concat("<polyline class=\"", css, "\" points=\"", points, "\"/>");
}

std::string Band(const Frame& frame, const LineSeries& series) {
  std::string points;
  for (size_t i = 0; i < series.x.size(); ++i)
    points += Concat(SvgNumber(frame.X(series.x[i])), ",", SvgNumber(frame.Y(series.low[i])), " ");
  for (size_t i = series.x.size(); i-- > 0;)
    points += Concat(SvgNumber(frame.X(series.x[i])), ",", SvgNumber(frame.Y(series.high[i])), " ");
  return Concat("<polygon class=\"band\" points=\"", points, "\"/>");
}

// As decimals, as "2e-06" where they would be many, as "25k" where the numbers are long.
std::string TickLabel(double tick, double step) {
  if (step >= 1000) return tick == 0 ? "0" : Fixed(tick / 1000, 0) + "k";
  if (step >= 1e-4 || std::abs(tick) < step / 2) return Fixed(tick, step >= 1e-4 ? DigitsOf(step) : 0);
  char text[32];
  const double digits = std::floor(std::log10(std::abs(tick))) - std::floor(std::log10(step)) + 1;
  std::snprintf(text, sizeof text, "%.*g", std::clamp(static_cast<int>(digits), 1, 4), tick);
  return text;
}

std::string Axes(const Frame& frame, const std::string& x_label) {
  std::string out;
  for (double tick = frame.y.low; tick <= frame.y.high + frame.y.step / 2; tick += frame.y.step) {
    out += SvgLine(frame.left, frame.Y(tick), frame.right, frame.Y(tick), "grid");
    out += SvgText(frame.left - 6, frame.Y(tick) + 3.5, "tick", "end", TickLabel(tick, frame.y.step));
  }
  return out + SvgLine(frame.left, frame.bottom, frame.right, frame.bottom, "axis") +
         StepAxis(frame.x.low, frame.x.high, frame.left, frame.right, frame.bottom, x_label);
}

Frame FrameOf(const LineChartSpec& spec, const std::vector<LineSeries>& series) {
  const double inf = std::numeric_limits<double>::infinity();
  double x_low = inf, x_high = -inf, y_low = inf, y_high = -inf;
  for (const LineSeries& line : series) {
    for (const double x : line.x) x_low = std::min(x_low, x), x_high = std::max(x_high, x);
    for (const auto* values : {&line.y, &line.low, &line.high}) {
      for (const double y : *values) y_low = std::min(y_low, y), y_high = std::max(y_high, y);
    }
  }
  if (x_low == inf) x_low = y_low = 0, x_high = y_high = 1;
  if (y_high - y_low < 1e-3 * std::abs(y_high)) y_low = y_high;  // too little to be told apart on an axis
  if (spec.x_range) x_low = spec.x_range->first, x_high = spec.x_range->second;
  Frame frame;
  frame.x = {x_low, x_high > x_low ? x_high : x_low + 1, 1};
  const bool unit = spec.unit_range && y_low >= 0 && y_high <= 1;
  frame.y = unit ? ChartAxis{0, 1, 0.2} : NiceAxis(y_low >= 0 && y_low < y_high * 0.5 ? 0 : y_low, y_high, 4);
  return frame;
}

// The part of the drawing area whose values are usual.
std::string HealthyBand(const Frame& frame, const LineChartSpec& spec) {
  if (!spec.healthy) return "";
  const double low = std::clamp(spec.healthy->first, frame.y.low, frame.y.high);
  const double high = std::clamp(spec.healthy->second, frame.y.low, frame.y.high);
  if (high <= low) return "";
  return Concat("<rect class=\"healthy\" x=\"", SvgNumber(frame.left), "\" y=\"", SvgNumber(frame.Y(high)), "\" width=\"",
                SvgNumber(frame.right - frame.left), "\" height=\"", SvgNumber(frame.Y(low) - frame.Y(high)), "\"/>");
}

std::string DrawSeries(const Frame& frame, const LineSeries& series) {
  if (series.x.empty()) return "";
  std::string out = Concat("<g class=\"", series.style_class, "\"><title>", EscapeHtml(series.label), "</title>");
  if (!series.low.empty()) out += Band(frame, series);
  const std::vector<double> line = series.smooth ? SmoothedValues(series.y, kSmoothing) : series.y;
  if (series.smooth) out += Polyline(frame, series.x, series.y, "raw");
  if (series.dashed) return out + Polyline(frame, series.x, line, "tail") + "</g>";
  out += Polyline(frame, series.x, line, "line");
  return out + SvgMarker(series.style_class, frame.X(series.x.back()), frame.Y(line.back()), 3.2) + "</g>";
}

}  // namespace

std::vector<double> SmoothedValues(const std::vector<double>& values, double keep) {
  std::vector<double> smoothed;
  double mean = 0, weight = 1;
  for (const double value : values) {
    mean = keep * mean + (1 - keep) * value;
    weight *= keep;
    smoothed.push_back(mean / (1 - weight));
  }
  return smoothed;
}

std::string LegendMark(const std::string& style_class) {
  return Concat("<svg class=\"key ", style_class, "\" viewBox=\"0 0 14 14\" aria-hidden=\"true\">", SvgMarker(style_class, 7, 7, 4.5),
                "</svg>");
}

std::string LineChart(const LineChartSpec& spec) {
  std::vector<LineSeries> series = spec.series;
  for (LineSeries& line : series) {
    for (auto* values : {&line.x, &line.y, &line.low, &line.high}) *values = Thinned(*values, kMaxPoints);
  }
  const Frame frame = FrameOf(spec, series);
  std::string out =
      SvgOpen(206, spec.title) + SvgText(0, 13, "title", "start", spec.title) + HealthyBand(frame, spec) + Axes(frame, spec.x_label);
  for (const LineSeries& line : series) out += DrawSeries(frame, line);
  return out + "</svg>";
}

std::string DotPlot(const DotPlotSpec& spec) {
  constexpr double kLeft = 84, kRight = kChartWidth - 14, kTop = 30, kRowGap = 12, kMarkStep = 13;
  double height = kTop;
  for (const DotRow& row : spec.rows) height += static_cast<double>(row.marks.size()) * kMarkStep + kRowGap;
  const double bottom = height;
  const auto scale = [&](double v) {
    return kLeft + (std::clamp(v, spec.low, spec.high) - spec.low) / (spec.high - spec.low) * (kRight - kLeft);
  };
  std::string out = SvgOpen(bottom + 22, spec.title) + SvgText(0, 13, "title", "start", spec.title);
  const double step = TickStep(spec.high - spec.low, 4);
  for (double tick = std::ceil(spec.low / step - 1e-9) * step; tick <= spec.high + 1e-9; tick += step) {
    out += SvgLine(scale(tick), kTop - 4, scale(tick), bottom, std::abs(tick) < 1e-9 && spec.low < 0 ? "axis" : "grid");
    out += SvgText(scale(tick), bottom + 14, "tick", "middle", Fixed(tick, DigitsOf(step)));
  }
  double y = kTop;
  for (const DotRow& row : spec.rows) {
    const double rows_height = static_cast<double>(row.marks.size()) * kMarkStep;
    out += SvgText(kLeft - 8, y + rows_height / 2 + 4, "label", "end", row.label);
    for (const DotMark& mark : row.marks) {
      const double middle = y + kMarkStep / 2;
      y += kMarkStep;
      out +=
          Concat("<g class=\"", mark.style_class, "\"><title>",
                 EscapeHtml(Concat(row.label, ", ", mark.label, ": ", WithInterval(mark.estimate), ", n = ", Thousands(mark.estimate.n))),
                 "</title>");
      if (mark.estimate.present) {
        for (const double point : mark.points)
          out += Concat("<circle class=\"run\" cx=\"", SvgNumber(scale(point)), "\" cy=\"", SvgNumber(middle), "\" r=\"2\"/>");
        out += SvgLine(scale(mark.estimate.low), middle, scale(mark.estimate.high), middle, "ci") +
               SvgMarker(mark.style_class, scale(mark.estimate.mean), middle, 3.6);
      } else {
        out += SvgText(kLeft + 4, middle + 3.5, "none", "start", "undefined (n = 0)");
      }
      out += "</g>";
    }
    y += kRowGap;
  }
  return out + "</svg>";
}

std::string StackedBars(const StackedBarsSpec& spec) {
  constexpr double kRight = kChartWidth - 62, kTop = 24, kBar = 13, kStep = 18, kGroup = 18;
  constexpr double kLetter = 5.4, kLeastLeft = 66, kMostLeft = 172;  // room for labels, by their letters
  constexpr size_t kMostLetters = 30;
  double largest = 0, height = kTop, left = kLeastLeft;
  std::string group;
  for (const StackRow& row : spec.rows) {
    double sum = 0;
    for (const StackPart& part : row.parts) sum += part.value;
    largest = std::max(largest, sum);
    left = std::clamp(static_cast<double>(row.label.size()) * kLetter + 10, left, kMostLeft);
    height += kStep + (row.group != group ? kGroup : 0);
    group = row.group;
  }
  std::string out = SvgOpen(height + 6, spec.title) + SvgText(0, 13, "title", "start", spec.title);
  double y = kTop;
  group.clear();
  for (const StackRow& row : spec.rows) {
    if (row.group != group) {
      out += SvgText(0, y + 12, "label", "start", row.group);
      y += kGroup;
      group = row.group;
    }
    double sum = 0;
    for (const StackPart& part : row.parts) sum += part.value;
    out += SvgText(left - 8, y + kBar - 3, "tick", "end", ShortLabel(row.label, kMostLetters));
    double x = left;
    for (const StackPart& part : row.parts) {
      if (part.value <= 0) continue;
      const double width = part.value / (spec.normalized ? sum : largest) * (kRight - left);
      out += Concat("<rect class=\"part ", part.style_class, "\" x=\"", SvgNumber(x), "\" y=\"", SvgNumber(y), "\" width=\"",
                    SvgNumber(width), "\" height=\"", SvgNumber(kBar), "\"><title>",
                    EscapeHtml(Concat(row.label, ", ", part.label, ": ", Fixed(part.value, spec.normalized ? 0 : 3), spec.unit, " (",
                                      Fixed(100 * part.value / sum, 1), " %)")),
                    "</title></rect>");
      if (spec.normalized && width > 30)
        out += SvgText(x + width / 2, y + kBar - 3, "on " + part.style_class, "middle", Fixed(100 * part.value / sum, 0) + " %");
      x += width;
    }
    if (sum <= 0) out += SvgText(left + 2, y + kBar - 3, "none", "start", "none");
    out += SvgText(kRight + 8, y + kBar - 3, "tick", "start", row.note);
    y += kStep;
  }
  return out + "</svg>";
}

}  // namespace temper
