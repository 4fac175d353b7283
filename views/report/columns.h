#pragma once

#include <string>
#include <vector>

#include "views/trace/timeline.h"

namespace temper {

// Charts of what adds up, over steps and over time, as inline SVG (see views/page/svg.h).

// One layer of a stack: a value for each x.
struct ColumnLayer {
  std::string label;
  std::string style_class;
  std::vector<double> values;
};
struct ColumnsSpec {
  std::string title;
  std::string x_label;
  std::string unit;  // of the values, for the layers' titles
  std::vector<double> x;
  std::vector<ColumnLayer> layers;  // from the bottom up, each parallel to x
  bool unit_range = false;          // the values are shares: y from 0 to 1
};
// A column for each x, or the means of runs of them where there are more than kMaxColumns.
std::string StackedColumns(const ColumnsSpec& spec);
inline constexpr size_t kMaxColumns = 100;

// A row for each process: what it did in the window of steps, to the phase.
std::string WindowChart(const TraceTimeline& line);

// A row for each process over the whole run: shares of time by activity. stage_names: what stands above each stage of the time line.
std::string RunChart(const TraceTimeline& line, const std::vector<std::string>& stage_names);

// Style class of an activity, "t0".."t5".
std::string ActivityClass(Activity activity);

}  // namespace temper
