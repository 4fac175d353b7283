#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "cluster/bus/bus.h"
#include "cluster/telemetry/telemetry.h"
#include "orchestrator/flow/time_left.h"
#include "record/bounded_file.h"
#include "record/job_status.h"
#include "record/process_rows.h"

namespace temper {

struct MonitorOptions {
  std::string run_folder;
  double cluster_log_s = 1;  // between rows of a process in cluster.jsonl; 0 = neither rows nor spans
  int64_t limit_mib = 128;   // of cluster.jsonl, and of traces/spans.jsonl, each with its predecessor
  JobStatus identity;        // run, host, attempt, endpoint, versions, ...
};

// Watches a job from rank 0: gathers what the processes tell of themselves and writes cluster.jsonl, traces/spans.jsonl and, every second,
// status.json into the run's folder. Does nothing before Open. Never throws for a disk: what cannot be written is left out with a warning.
class ClusterMonitor {
 public:
  ClusterMonitor();

  void Open(const MonitorOptions& options);

  // What rank 0 itself does from now on: a phase of telemetry_phases.h.
  void Enter(std::string_view phase, int64_t step = -1) { own_.Enter(phase, step); }

  void OnPeerJoined(PeerId peer, const PeerRole& role, const std::string& host);
  void OnPeerLost(PeerId peer, const PeerRole& role, const std::string& why);
  // A kReport event's body; one that is malformed is refused with a warning, one a peer.
  void OnReport(PeerId peer, const PeerRole& role, const std::string& body);

  const std::string& HostOf(PeerId peer) const;  // "?" for one that never joined
  // The processes that the job waits for and does not have; "" = none.
  void SetMissing(const std::string& who) { status_.missing = who; }

  // Puts a line among the newest warnings of the status.
  void Warn(const std::string& text);

  // All stages of the job, in their order.
  void SetPlan(std::vector<PlannedStage> stages) { time_left_.Plan(std::move(stages)); }
  // What grades, in words: what a figure of safety on a terminal is by.
  void SetGrading(const std::string& grading) { status_.graded_by = grading; }
  const std::string& grading() const { return status_.graded_by; }

  void SetStage(const std::string& arm, const std::string& stage);
  // rl.max_staleness of the stage, which is RL that has steps to do: spans tell it until the next stage.
  void SetMaxStaleness(int64_t max_staleness) { max_staleness_ = max_staleness; }
  // Steps done, of the stage; of its part in work where it has several, with `before` done in those before.
  void SetProgress(int64_t step, int64_t steps, int64_t before = 0);
  // After a step: its metrics.
  void OnStep(int64_t step, int64_t steps, const std::map<std::string, double>& values);

  double job_left_s() const { return status_.job_eta_s; }  // -1 = not known

  // Writes what is due; cheap when nothing is.
  void Tick(const TaskTable& table, int64_t groups_in_flight);
  // The end, as JobStatus::state names it: nothing is queued and nobody works any more. Written at once.
  void Finish(const std::string& state, const std::string& message);
  // Writes that failed so far: of rows, spans and the status.
  int64_t failed_writes() const { return rows_.failed() + spans_.failed() + status_failures_; }
  const std::string& run_folder() const { return options_.run_folder; }

  // What an observer of the job is shown, as JSON: {folder, status: status.json, processes: [the newest rows of cluster.jsonl],
  // curves: {metric: [its last values]}}. Made again at most every kPictureEvery.
  const std::string& Picture();
  static constexpr Millis kPictureEvery = 200;

 private:
  struct Peer {
    PeerRole role;
    std::string host;
    TelemetryReport report;
    Millis heard = 0;  // of the last report; 0 = none yet
    bool refused = false;
  };
  void WriteRows(const TaskTable& table, int64_t groups_in_flight, double now_s);
  ProcessRow PeerRow(PeerId id, const Peer& peer, const TaskTable& table, double now_s) const;
  void WriteSpans(Role role, const std::string& peer, const TelemetryReport& report);
  void FlushOwnSpans();
  void WriteStatus();

  MonitorOptions options_;
  JobStatus status_;
  Telemetry own_;
  ClockOffset own_clock_;  // of rank 0 itself: none
  std::map<PeerId, Peer> peers_;
  BoundedFile rows_, spans_;
  std::string newest_rows_;                           // of all processes, as written last
  std::map<std::string, std::deque<double>> curves_;  // of the stage
  std::string picture_;
  Millis picture_at_ = 0;
  int64_t wall_offset_us_ = 0;  // from rank 0's monotonic clock to the time of day
  Millis next_row_ = 0, next_status_ = 0;
  int64_t max_staleness_ = -1;  // of the stage in work; -1 = it is not RL, or has nothing to do
  double stage_since_ = 0;      // NowSeconds() at the stage's first step of this attempt
  int64_t stage_first_ = 0;     // that step
  TimeLeft time_left_;
  int64_t status_failures_ = 0;
  bool status_fails_ = false;  // the last write did
};

}  // namespace temper
