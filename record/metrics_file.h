#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "cluster/metrics/metric_sink.h"
#include "record/progress_style.h"

namespace temper {

// Rewrites a JSONL file, if there is one, with the rows that `keep` is true for. A row is an object with a whole number "step" and, if it
// has one, a text "stage" ("" where it has none). Other lines are damage: left out, logged as file:line and counted in the result; a last
// line that was cut short when the process died is left out without a word.
int64_t KeepRows(const std::string& path, const std::function<bool(const std::string& stage, int64_t step)>& keep);

// A file of rows, one JSON object per step. Opening it for a resumed run drops the rows of the steps that will be done again.
class MetricsFile : public MetricSink {
 public:
  // Keeps rows of other stages and those of `stage` with step < first_step.
  MetricsFile(std::string path, const std::string& stage, int64_t first_step);
  std::string Name() const override { return path_; }
  // A value that is not finite is written as null and named in "nonfinite".
  std::string Write(const StepRow& row) override;

 private:
  std::string path_;
};

// What one sees while it runs: a line per step that greps well (step:3/100 - rl ARM - reward:0.55 safety:0.97 ... left:120s), or a bar on
// a terminal. A selection: metrics.jsonl has every number.
class Progress {
 public:
  Progress(ProgressStyle style, const std::string& label, int64_t total_steps);
  ~Progress();
  void Step(int64_t step, const std::map<std::string, double>& values);

 private:
  std::string Line(int64_t step, const std::map<std::string, double>& values) const;
  std::string Bar(int64_t step, const std::string& line) const;

  bool bar_ = false;
  bool plain_ = false;
  std::string label_;
  int64_t total_ = 0;
  int64_t first_ = -1;
  double since_ = 0;
};

}  // namespace temper
