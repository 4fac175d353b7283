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
  // unit: what is counted, as the line names it.
  Progress(ProgressStyle style, const std::string& label, int64_t total_steps, const char* unit = "step");
  ~Progress();
  void Step(int64_t step, const std::map<std::string, double>& values);
  // What a long step waits for, after ten silent seconds, and every thirty seconds from then on.
  void Waiting(int64_t step, const std::string& what);
  // A sentence of its own: what begins and may take a while.
  void Note(const std::string& what);

 private:
  void Print(int64_t step, const std::string& line);
  std::string Line(int64_t step, const std::map<std::string, double>& values) const;
  std::string Bar(int64_t step, const std::string& line) const;

  bool bar_ = false;
  bool plain_ = false;
  std::string label_;
  const char* unit_;
  int64_t total_ = 0;
  int64_t first_ = -1;
  double since_ = 0;
  double printed_at_;  // the last line
  double quiet_s_;     // until the next line about what is waited for
};

}  // namespace temper
