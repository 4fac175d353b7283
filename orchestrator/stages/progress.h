#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "orchestrator/config/progress_style.h"

namespace temper {

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
