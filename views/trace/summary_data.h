#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace temper {

// Where the time of a run's RL steps went, process by process, and what to do about it.
struct TraceSummary {
  double seconds = 0;  // of RL: what the orchestrator spent waiting for completions, grades and learners in steps, and between
  int64_t steps = 0;

  struct Row {
    std::string name;  // of the process
    std::string role;
    double busy = 0;                        // share of `seconds`, 0 to 1
    double idle = 0;                        // waiting, or not there
    std::map<std::string, double> seconds;  // by phase
    double units_per_s = 0;                 // tokens or grades per second of work
    double passes_s = 0;                    // of a learner: forward and backward, without waiting for the others
  };
  std::vector<Row> rows;

  // Shares of `seconds` that the learners waited, by what for: rollouts, grades, other (batches, checkpoints, the orchestrator).
  std::map<std::string, double> learner_waits;
  std::set<int64_t> max_staleness;    // of the arms, by all processes; empty = not told
  std::vector<std::string> findings;  // sentences, as findings.h makes them; none of fewer than kFewSteps steps
};

inline constexpr int64_t kFewSteps = 3;  // fewer say little

}  // namespace temper
