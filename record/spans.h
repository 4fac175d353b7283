#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "cluster/telemetry/telemetry_report.h"
#include "record/bounded_file.h"

namespace temper {

// traces/spans.jsonl of a run: what every process did when. The first line, of each of the two files, names format and version:
//   {"format":"temper-spans","version":2}
// Every other line is spans of one process:
//   {"attempt", "role", "rank", "peer", "host", "pid", "clock_error_us", "dropped"?, "max_staleness"?,
//    "spans": [[name, lane, begin_us, duration_us, step, version, count], ...]}
// A step counts from 1, -1 = of none.

// One process of a run, as its spans tell; begin_us is in microseconds since 1970, on the orchestrator's clock.
struct TraceProcess {
  int64_t attempt = 1;
  std::string role;   // orchestrator | learner | rollout | reward
  int64_t rank = -1;  // -1 = joined by hand
  std::string peer;   // its name on the bus; "" = the orchestrator
  std::string host;
  int64_t pid = 0;
  int64_t clock_error_us = 0;       // at most, of the last report
  int64_t dropped = 0;              // spans it had no room for
  std::set<int64_t> max_staleness;  // rl.max_staleness of the arms whose RL it went through; the orchestrator tells
  std::vector<Span> spans;          // steps by number; by lane, then by time; none overlaps the one before it in its lane

  std::string Name() const;  // "rollout rank 2 on n1", or "rollout (joined) pid 17 on n1"
};

// The file as a job writes it: at most `limit_bytes` together with its predecessor.
BoundedFile MakeSpansFile(const std::string& run_folder, int64_t limit_bytes);

// One line of the file, with its end: the spans of `process`, as they are, and the largest of its max_staleness.
std::string SpansLine(const TraceProcess& process);

struct TraceData {
  std::vector<TraceProcess> processes;  // orchestrator, learners, rollout, reward workers; by rank
  int64_t damaged = 0;                  // lines that could not be read
};

// Whether the run has spans, in files that are such.
bool HasTrace(const std::string& run_folder);

// Reads the run's spans and their predecessor. attempt 0 = all. Throws ConfigError when there is no such file, or when one is of another
// version.
TraceData ReadTrace(const std::string& run_folder, int64_t attempt = 0);

// Sorts, joins the pieces that long phases are reported in, and cuts off what an error of the clocks makes overlap. Called once, at the
// end.
void FinishTrace(TraceData* data);

}  // namespace temper
