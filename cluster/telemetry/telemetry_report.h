#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace temper {

// A stretch of time in which a process did one thing.
struct Span {
  enum Lane : uint8_t {
    kPhase,  // what the process does: one phase follows another without a gap
    kPart,   // of a phase: forward and backward, reduce, optimizer
  };
  std::string name;  // e.g. rollout, wait_task, update
  Lane lane = kPhase;
  int64_t begin_us = 0;  // of the process's monotonic clock
  int64_t duration_us = 0;
  int64_t step = -1;     // index of the learner step it belongs to, in a record its number; -1 = none
  int64_t version = -1;  // of the weights published or loaded; -1 = none
  double count = 0;      // units done: tokens drawn, answers graded, tokens trained on
};

struct GpuUse {
  int64_t index = 0;
  double util_percent = 0;
  int64_t memory_used_bytes = 0;
  int64_t memory_total_bytes = 0;
};

// What a process tells of itself with a heartbeat.
struct TelemetryReport {
  std::string host;
  int64_t pid = 0;
  int64_t rank = -1;  // MPI rank it is, or belongs to; -1 = joined by hand
  std::string state;  // the phase it is in; those that wait begin with wait_
  int64_t state_age_us = 0;
  int64_t step = -1;
  int64_t policy_version = -1;
  double units_per_s = 0;                // since the last report: tokens or grades
  std::map<std::string, double> gauges;  // e.g. pending, running
  double cpu_percent = 0;                // of one core, since the last report
  int64_t rss_bytes = 0;
  std::vector<GpuUse> gpus;
  int64_t clock_offset_us = 0;  // add it to a time of this process to get the orchestrator's
  int64_t clock_error_us = -1;  // at most; -1 = not known yet, and then there are no spans
  std::vector<Span> spans;      // that ended since the last report
  int64_t spans_dropped = 0;    // so far, for want of room

  std::string Encode() const;
  // Throws Error for another layout's version, for what is cut short and for what is larger than a process may send.
  static TelemetryReport Decode(std::string_view bytes);
};

}  // namespace temper
