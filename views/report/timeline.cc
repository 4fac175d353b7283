#include <algorithm>
#include <cmath>

#include "cluster/base/error.h"
#include "views/page/escape.h"
#include "views/page/format.h"
#include "views/page/svg_parts.h"
#include "views/report/columns.h"

// The two time lines: a row for each process, time to the right. Work stands a row high, waiting is a thin line, nothing is nothing.
namespace temper {
namespace {

constexpr double kWidth = 1080, kLaneLeft = 176, kLaneRight = kWidth - 8, kRow = 16, kStep = 22;

std::string Open(double height, const std::string& title) {
  const std::string label = EscapeHtml(title);
  return Concat("<svg class=\"chart wide\" viewBox=\"0 0 ", SvgNumber(kWidth), " ", SvgNumber(height), "\" role=\"img\" aria-label=\"",
                label, "\"><title>", label, "</title>");
}

std::string RowLabels(const TraceTimeline& line, double top) {
  std::string out;
  for (size_t i = 0; i < line.rows.size(); ++i)
    out += SvgText(kLaneLeft - 8, top + static_cast<double>(i) * kStep + kRow - 4, "tick", "end", line.rows[i].name);
  return out;
}

std::string TimeAxis(double begin_s, double end_s, double bottom) {
  std::string out;
  const double step = TickStep(end_s - begin_s, 8);
  for (double tick = 0; tick <= end_s - begin_s + 1e-9; tick += step) {
    const double x = kLaneLeft + tick / (end_s - begin_s) * (kLaneRight - kLaneLeft);
    out += SvgLine(x, bottom, x, bottom + 4, "axis") + SvgText(x, bottom + 16, "tick", "middle", Fixed(tick, DigitsOf(step)) + " s");
  }
  return out + SvgLine(kLaneLeft, bottom, kLaneRight, bottom, "axis");
}

std::string Rect(const std::string& css, double x, double y, double width, double height) {
  return Concat("<rect class=\"", css, "\" x=\"", SvgNumber(x), "\" y=\"", SvgNumber(y), "\" width=\"", SvgNumber(std::max(width, 0.4)),
                "\" height=\"", SvgNumber(height), "\"");
}

std::string PieceTitle(const TraceTimeline::Row& row, const TraceTimeline::Piece& piece) {
  return EscapeHtml(Concat(row.name, ": ", piece.phase, piece.step < 0 ? "" : Concat(" of step ", piece.step), ", ",
                           Fixed((piece.end_s - piece.begin_s) * 1000, 0), " ms"));
}

// Bins of one row as one path for each activity: stacked shares of the bin's time, waiting left out (it is the ground).
std::string BinRow(const TraceTimeline& line, const TraceTimeline::Row& row, double y) {
  const double width = (kLaneRight - kLaneLeft) / static_cast<double>(kTimelineBins),
               bin_s = line.seconds / static_cast<double>(kTimelineBins);
  std::array<std::string, kNumActivities> paths;
  for (size_t bin = 0; bin < row.bins.size(); ++bin) {
    double bottom = y + kRow;
    const double x = kLaneLeft + static_cast<double>(bin) * width;
    for (size_t a = 0; a < kNumActivities; ++a) {
      const double height = std::min(1.0, row.bins[bin][a] / bin_s) * kRow;
      if (static_cast<Activity>(a) == Activity::kWait || height < 0.05) continue;
      paths[a] += Concat("M", SvgNumber(x), " ", SvgNumber(bottom), "h", SvgNumber(width + 0.05), "v-", SvgNumber(height), "h-",
                         SvgNumber(width + 0.05), "z");
      bottom -= height;
    }
  }
  std::string out;
  for (size_t a = 0; a < kNumActivities; ++a) {
    if (paths[a].empty()) continue;
    const auto activity = static_cast<Activity>(a);
    out += Concat("<path class=\"solid ", ActivityClass(activity), "\" d=\"", paths[a], "\"><title>",
                  EscapeHtml(Concat(row.name, ": ", NameOf(activity))), "</title></path>");
  }
  return out;
}

}  // namespace

std::string ActivityClass(Activity activity) { return "t" + std::to_string(static_cast<int>(activity)); }

std::string WindowChart(const TraceTimeline& line) {
  constexpr double kTop = 24;
  const double bottom = kTop + static_cast<double>(line.rows.size()) * kStep;
  const double length = line.window_end_s - line.window_begin_s;
  const std::string title = line.window_first_step == line.window_last_step
                                ? Concat("Step ", line.window_first_step, ", phase by phase")
                                : Concat("Steps ", line.window_first_step, " to ", line.window_last_step, ", phase by phase");
  std::string out = Open(bottom + 24, title) + SvgText(0, 13, "title", "start", title) + RowLabels(line, kTop);
  const auto scale = [&](double t) { return kLaneLeft + (t - line.window_begin_s) / length * (kLaneRight - kLaneLeft); };
  for (size_t i = 0; i < line.rows.size(); ++i) {
    const double y = kTop + static_cast<double>(i) * kStep;
    for (const TraceTimeline::Piece& piece : line.rows[i].window) {
      const bool wait = piece.activity == Activity::kWait;
      const double x = scale(piece.begin_s);
      out += Rect("solid " + ActivityClass(piece.activity), x, wait ? y + kRow / 2 - 1.5 : y, scale(piece.end_s) - x, wait ? 3 : kRow) +
             "><title>" + PieceTitle(line.rows[i], piece) + "</title></rect>";
    }
  }
  return out + TimeAxis(line.window_begin_s, line.window_end_s, bottom) + "</svg>";
}

std::string RunChart(const TraceTimeline& line, const std::vector<std::string>& stage_names) {
  constexpr double kTop = 42;
  const double bottom = kTop + static_cast<double>(line.rows.size()) * kStep;
  const std::string title = "The whole run: share of the time at work";
  std::string out = Open(bottom + 24, title) + SvgText(0, 13, "title", "start", title) + RowLabels(line, kTop);
  const auto scale = [&](double t) { return kLaneLeft + t / line.seconds * (kLaneRight - kLaneLeft); };
  double free_from = 0;
  for (size_t i = 0; i < line.stages.size(); ++i) {
    const double x = scale(line.stages[i].begin_s), end = scale(line.stages[i].end_s);
    out += SvgLine(x, 24, x, bottom, "grid");
    // About six units a letter: a name that does not fit its stage is left to the next.
    const double needs = 6.0 * static_cast<double>(stage_names[i].size());
    if (x >= free_from && end - x >= needs * 0.8) {
      out += SvgText(x + 3, 34, "label", "start", stage_names[i]);
      free_from = x + 3 + needs;
    }
  }
  for (size_t i = 0; i < line.rows.size(); ++i) {
    const double y = kTop + static_cast<double>(i) * kStep;
    out += Rect("ground", kLaneLeft, y, kLaneRight - kLaneLeft, kRow) + "/>" + BinRow(line, line.rows[i], y);
  }
  return out + TimeAxis(0, line.seconds, bottom) + "</svg>";
}

}  // namespace temper
