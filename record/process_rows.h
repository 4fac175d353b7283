#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster/telemetry/telemetry_report.h"

namespace temper {

// cluster.jsonl of a run: what each process of the job does, a row for each and every monitor.cluster_log_s. docs/MONITORING.md names the
// fields.
struct ProcessRow {
  struct Gpu {
    int64_t index = 0;
    double util_percent = 0;
    int64_t memory_used_mib = 0, memory_total_mib = 0;
  };
  // Of a worker or learner, as the orchestrator counts.
  struct Tasks {
    int64_t leases = 0, credits = 0;
    double heartbeat_age_s = 0;
  };
  // Of the orchestrator's own row.
  struct Job {
    std::string stage;
    int64_t step = 0;  // done
    std::map<std::string, int64_t> queues;
    int64_t groups_in_flight = 0, requeued = 0, duplicates = 0;
  };

  double t = 0;  // seconds since 1970
  int64_t attempt = 1;
  std::string role;
  std::string peer;  // its name on the bus; "" = the orchestrator
  std::string host;
  std::string state;       // the phase it is in, or kRegistered
  bool has_report = true;  // false = it has registered and told nothing yet: what follows is not known
  int64_t rank = -1;       // -1 = joined by hand
  int64_t pid = 0;
  double state_s = 0;                      // in this state
  int64_t step = -1, policy_version = -1;  // step: what it works on, from 1
  double units_per_s = 0, cpu_percent = 0;
  int64_t rss_mib = 0;
  std::map<std::string, double> gauges;  // e.g. groups_pending; not read back
  std::vector<Gpu> gpus;
  std::optional<Tasks> tasks;
  std::optional<Job> job;

  // What the process tells of itself.
  void Take(const TelemetryReport& report);
  double gpu_percent() const;  // mean of its GPUs; -1 = none
};
inline constexpr char kRegistered[] = "registered";

// One line of the file, with its end.
std::string ToJsonLine(const ProcessRow& row);

// What of a line can be read; nothing where it is no row at all.
std::optional<ProcessRow> ParseProcessRow(const std::string& line);

// The newest row of each process of the newest attempt, of those that have not left, by peer. Lines that are no rows are left out: the
// file is read while it is written.
std::vector<ProcessRow> NewestProcessRows(const std::string& run_folder);

}  // namespace temper
