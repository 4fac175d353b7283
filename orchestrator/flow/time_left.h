#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace temper {

// A stage of a job that is to come, in the order in which the job does them.
struct PlannedStage {
  std::string arm, stage;
  int64_t units = 0;  // steps of sft and rl, prompts of eval
};

// How long a job will still take. It is the units that are left of each stage, times what a unit of
// such a stage (sft, rl, eval) took in this attempt. The newest such stage counts. What an earlier
// attempt did counts as done. Clocks are the caller's, in seconds.
class TimeLeft {
 public:
  void Plan(std::vector<PlannedStage> stages) { stages_ = std::move(stages); }

  // A stage begins: the next of that name in the plan. One that is not planned counts for nothing.
  void Begin(const std::string& arm, const std::string& stage);
  // Units done in the stage so far. The first call says where this attempt begins.
  void Done(int64_t units, double now_s);

  // Nothing while a stage that is to come is of a kind of which this attempt has done no unit yet, and without a plan.
  std::optional<double> Seconds() const;

 private:
  std::vector<PlannedStage> stages_;
  size_t next_ = 0;                             // the first that has not begun
  bool planned_ = false;                        // the stage in work is the one before next_
  int64_t done_ = 0, first_ = -1;               // units of the stage in work; first_ -1 = not told yet
  double since_ = 0;                            // when first_ were done
  std::string stage_;                           // in work
  std::map<std::string, double> unit_seconds_;  // by stage
};

}  // namespace temper
