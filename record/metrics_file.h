#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/metrics/metric_sink.h"

namespace temper {

// Rewrites a JSONL file, if there is one, with the rows that `keep` is true for. A row is an object
// with a whole number "step" and, if it has one, a text "stage" ("" where it has none). Other lines
// are damage: left out, logged as file:line and counted in the result. A last line that was cut
// short when the process died is left out without a word. Throws ConfigError where it is not a
// regular file.
int64_t KeepRows(const std::string& path, const std::function<bool(const std::string& stage, int64_t step)>& keep);

// metrics.jsonl of a stage, and eval_metrics.jsonl: a row is {"stage", "step", "time", metric: number or null, ..., "nonfinite"?:
// [metric]}. One object per step, which counts from 1. Opening it for a resumed run drops the rows of the steps that will be done again.
class MetricsFile : public MetricSink {
 public:
  // Keeps rows of other stages and those of `stage` with step <= steps_done.
  MetricsFile(std::string path, const std::string& stage, int64_t steps_done);
  std::string Name() const override { return path_; }
  // A value that is not finite is written as null and named in "nonfinite".
  std::string Write(const StepRow& row) override;

 private:
  std::string path_;
};

// A file of metrics as far as it is written, flushed to disk: what a checkpoint remembers of it. Bytes 0 where there is no file.
struct MetricsMark {
  uint64_t bytes = 0;
  std::string xxh128;
};
MetricsMark MarkMetrics(const std::string& path);

// Whether the file still begins with what was marked. Throws ConfigError naming the file where it does not; warns where there is none any
// more, as whoever moved it away knows.
void CheckMetrics(const std::string& path, const MetricsMark& mark);

// One row as it is read.
struct MetricRow {
  std::string stage;  // "rl" where the row names none
  int64_t step = 0;
  std::map<std::string, double> values = {};  // metric -> value, of the finite ones
  std::vector<std::string> nonfinite = {};    // metrics whose value is null
  std::string time = {};                      // UTC, as 2026-11-21T07:00:00Z; "" where the row names none
};

// Nothing, and why in *problem, for a line that is no row.
std::optional<MetricRow> ParseMetricRow(std::string_view line, std::string* problem);

// The rows of a file: stages in order of appearance, each by step. Of two rows for one step the
// later counts (the run was resumed). A last line without its end is left out (the run goes on).
// Throws Error with file:line.
std::vector<MetricRow> ReadMetrics(const std::string& path);

}  // namespace temper
