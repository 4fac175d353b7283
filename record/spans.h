#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "cluster/telemetry/telemetry_report.h"

namespace temper {

// One process of a run, as its spans tell; begin_us is in microseconds since 1970, on the orchestrator's clock.
struct TraceProcess {
  int64_t attempt = 1;
  std::string role;   // orchestrator | learner | rollout | reward
  int64_t rank = -1;  // -1 = joined by hand
  std::string peer;   // its name on the bus
  std::string host;
  int64_t pid = 0;
  int64_t clock_error_us = 0;       // at most, of the last report
  int64_t dropped = 0;              // spans it had no room for
  std::set<int64_t> max_staleness;  // rl.max_staleness of the arms whose RL it went through; the orchestrator tells
  std::vector<Span> spans;          // by lane, then by time; none overlaps the one before it in its lane

  std::string Name() const;  // "rollout 2 on n1", or "rollout (joined) pid 17 on n1"
};

struct TraceData {
  std::vector<TraceProcess> processes;  // orchestrator, learners, rollout, reward workers; by rank
  int64_t damaged = 0;                  // lines that could not be read
};

// Whether the run has spans, in files that are such.
bool HasTrace(const std::string& run_folder);

// Reads RUN/traces/spans.jsonl and its predecessor. attempt 0 = all. Throws ConfigError when there is no such file.
TraceData ReadTrace(const std::string& run_folder, int64_t attempt = 0);

// One line of spans.jsonl into the data. False when it is none.
bool AddTraceLine(const std::string& line, TraceData* data);
// Sorts, joins the pieces that long phases are reported in, and cuts off what an error of the clocks makes overlap. Called once, at the
// end.
void FinishTrace(TraceData* data);

}  // namespace temper
