#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "orchestrator/config/progress_style.h"

namespace temper {

// What one sees while it runs: a line per step that greps well (step:3/100 - rl ARM - reward:0.55 s:0.97 ... left:95s/12m), or a bar
// on a terminal. s and h are means of the graders' scores, and none of an evaluation's figures. Steps are those that are done, as in
// `temper status`; left is the stage's time and, where it is known, the job's. A selection: metrics.jsonl has every number, in the row of
// the same step.
class Progress {
 public:
  // unit: what is counted, as the line names it.
  Progress(ProgressStyle style, const std::string& label, int64_t total_steps, const char* unit = "step");
  ~Progress();
  // Another step is done, of `done`. job_left_s: until the end of the job; -1 = not known.
  void Step(int64_t done, const std::map<std::string, double>& values, double job_left_s = -1);
  // What a long step waits for, after ten silent seconds, and every thirty seconds from then on.
  void Waiting(int64_t done, const std::string& what);
  // A sentence of its own: what begins and may take a while.
  void Note(const std::string& what);

 private:
  void Print(int64_t done, const std::string& line);
  std::string Line(int64_t done, const std::map<std::string, double>& values, double job_left_s) const;
  std::string Bar(int64_t done, const std::string& line) const;

  bool bar_ = false;
  bool plain_ = false;
  std::string label_;
  const char* unit_;
  int64_t total_ = 0;
  int64_t first_ = -1;  // steps done at the first call of Step
  double since_ = 0;
  double printed_at_;  // the last line
  double quiet_s_;     // until the next line about what is waited for
};

}  // namespace temper
