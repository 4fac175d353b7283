#include "orchestrator/flow/cluster_monitor.h"

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <utility>

#include <nlohmann/json.hpp>
#include <unistd.h>

#include "cluster/base/clock.h"
#include "cluster/base/file.h"
#include "cluster/base/hash.h"
#include "cluster/base/log.h"
#include "cluster/base/step_number.h"
#include "cluster/base/utc_time.h"
#include "cluster/metrics/metric_sink.h"
#include "record/run_paths.h"
#include "record/spans.h"

namespace temper {
namespace {

using nlohmann::ordered_json;

constexpr Millis kStatusEvery = 1000;
constexpr size_t kMaxWarnings = 8;
constexpr size_t kCurveLength = 300;  // more than a terminal has columns

}  // namespace

ClusterMonitor::ClusterMonitor() : own_(0) { own_clock_.Add(0, 0, 0, 0); }

void ClusterMonitor::Open(const MonitorOptions& options) {
  options_ = options;
  status_ = options.identity;
  status_.pid = getpid();
  status_.pid_start = ProcessStart(status_.pid);
  status_.started = WallSeconds();
  wall_offset_us_ = WallMicros() - NowMicros();
  if (options_.cluster_log_s > 0) {
    const int64_t limit = options_.limit_mib << 20;
    std::error_code failed;  // the files say so
    const RunPaths paths(options_.run_folder);
    std::filesystem::create_directories(paths.Traces(), failed);
    rows_ = BoundedFile(paths.ProcessRows(), limit);
    spans_ = MakeSpansFile(paths.folder(), limit);
  } else {
    own_ = Telemetry(0, false);
  }
  WriteStatus();
}

void ClusterMonitor::Warn(const std::string& text) {
  status_.warnings.push_back(UtcNow().substr(11, 8) + " " + text);
  if (status_.warnings.size() > kMaxWarnings) status_.warnings.erase(status_.warnings.begin());
}

void ClusterMonitor::OnPeerJoined(PeerId peer, const PeerRole& role, const std::string& host) {
  Peer& known = peers_[peer];
  known.role = role;
  known.host = host;
}

void ClusterMonitor::OnPeerLost(PeerId peer, const PeerRole& role, const std::string& why) {
  peers_.erase(peer);
  ++status_.workers["lost"];
  Warn(Concat(ToString(role), " worker lost: ", why));
}

const std::string& ClusterMonitor::HostOf(PeerId peer) const {
  static const std::string kUnknown = "?";
  const auto found = peers_.find(peer);
  return found == peers_.end() ? kUnknown : found->second.host;
}

void ClusterMonitor::OnReport(PeerId id, const PeerRole& role, const std::string& body) {
  if (options_.cluster_log_s <= 0) return;
  Peer& peer = peers_[id];
  peer.role = role;
  try {
    peer.report = TelemetryReport::Decode(body);
  } catch (const Error& error) {
    if (!std::exchange(peer.refused, true)) TEMPER_LOG(Warn, "telemetry of ", ToString(role), " ", Hex(id), " refused: ", error.what());
    return;
  }
  peer.heard = NowMillis();
  WriteSpans(role.role, Hex(id), peer.report);
}

void ClusterMonitor::WriteSpans(Role role, const std::string& peer, const TelemetryReport& report) {
  if (report.spans.empty()) return;
  TraceProcess process;
  process.attempt = status_.attempt;
  process.role = ToString(role);
  process.rank = report.rank;
  process.peer = peer;
  process.host = report.host;
  process.pid = report.pid;
  process.clock_error_us = report.clock_error_us;
  process.dropped = report.spans_dropped;
  if (role == Role::kOrchestrator && max_staleness_ >= 0) process.max_staleness = {max_staleness_};
  process.spans = report.spans;
  for (Span& span : process.spans) {
    span.begin_us += report.clock_offset_us + wall_offset_us_;
    span.step = StepNumber(span.step);
  }
  spans_.Append(SpansLine(process));
}

void ClusterMonitor::FlushOwnSpans() {
  if (own_.on()) WriteSpans(Role::kOrchestrator, "", own_.Report(own_clock_));
}

void ClusterMonitor::SetStage(const std::string& arm, const std::string& stage) {
  if (max_staleness_ >= 0) FlushOwnSpans();  // with what the stage was that they belong to
  max_staleness_ = -1;
  status_.state = "running";
  status_.arm = arm;
  status_.stage = stage;
  status_.step = status_.steps = 0;
  status_.eta_s = -1;
  time_left_.Begin(arm, stage);
  status_.job_eta_s = time_left_.Seconds().value_or(-1);
  stage_first_ = -1;
  curves_.clear();
  WriteStatus();
}

void ClusterMonitor::SetProgress(int64_t step, int64_t steps, int64_t before) {
  if (stage_first_ < 0 || step < status_.step) {
    stage_first_ = step;
    stage_since_ = NowSeconds();
  }
  status_.step = step;
  status_.steps = steps;
  if (status_.stage == "rl") status_.policy_version = step;  // a version for each step
  if (step > stage_first_)
    status_.eta_s = (NowSeconds() - stage_since_) / static_cast<double>(step - stage_first_) * static_cast<double>(steps - step);
  time_left_.Done(before + step, NowSeconds());
  status_.job_eta_s = time_left_.Seconds().value_or(-1);
}

void ClusterMonitor::OnStep(int64_t step, int64_t steps, const std::map<std::string, double>& values) {
  SetProgress(step, steps);
  static const std::map<std::string, std::string> kShown = {{"reward/mean", "reward"},
                                                            {"reward/safety_mean", "safety"},
                                                            {"reward/helpfulness_mean", "helpfulness"},
                                                            {"actor/loss", "loss"},
                                                            {"perf/tokens_per_s", "tokens_per_s"},
                                                            {"perf/samples_per_s", "samples_per_s"},
                                                            {"timing_s/step", "step_s"},
                                                            {"off_policy/staleness_mean", "staleness_mean"},
                                                            {"off_policy/staleness_max", "staleness_max"}};
  for (const char* name : kStatusCurves) {
    const auto found = values.find(name);
    if (found == values.end()) continue;
    std::deque<double>& curve = curves_[name];
    curve.push_back(found->second);
    if (curve.size() > kCurveLength) curve.pop_front();
  }
  status_.last.clear();
  for (const auto& [metric, name] : kShown) {
    if (const auto found = values.find(metric); found != values.end()) status_.last[name] = found->second;
  }
}

ProcessRow ClusterMonitor::PeerRow(PeerId id, const Peer& peer, const TaskTable& table, double now_s) const {
  ProcessRow row;
  row.t = now_s;
  row.attempt = status_.attempt;
  row.role = ToString(peer.role.role);
  row.peer = Hex(id);
  row.has_report = peer.heard > 0;
  if (row.has_report) {
    row.Take(peer.report);
  } else {
    row.host = peer.host;
    row.state = kRegistered;
  }
  if (table.HasPeer(id)) {
    const TaskTable::PeerState state = table.StateOf(id);
    row.tasks = ProcessRow::Tasks{state.leases, state.capacity - state.leases, static_cast<double>(NowMillis() - state.last_heard) / 1000};
  }
  return row;
}

void ClusterMonitor::WriteRows(const TaskTable& table, int64_t groups_in_flight, double now_s) {
  const TelemetryReport report = own_.Report(own_clock_);
  WriteSpans(Role::kOrchestrator, "", report);
  ProcessRow own;
  own.t = now_s;
  own.attempt = status_.attempt;
  own.role = ToString(Role::kOrchestrator);
  own.Take(report);
  own.job = ProcessRow::Job{status_.stage, status_.step, status_.queues, groups_in_flight, table.num_requeued(), table.num_duplicates()};
  std::string lines = ToJsonLine(own);
  for (const auto& [id, peer] : peers_) lines += ToJsonLine(PeerRow(id, peer, table, now_s));
  rows_.Append(lines);
  newest_rows_ = std::move(lines);
}

void ClusterMonitor::Tick(const TaskTable& table, int64_t groups_in_flight) {
  const Millis now = NowMillis();
  if (options_.run_folder.empty() || (now < next_row_ && now < next_status_)) return;
  status_.queues = {{ToString(Role::kRollout), table.num_queued(Role::kRollout)},
                    {ToString(Role::kReward), table.num_queued(Role::kReward)},
                    {"leased", table.num_leased()},
                    {"groups_in_flight", groups_in_flight}};
  if (options_.cluster_log_s > 0 && now >= next_row_) {
    next_row_ = now + static_cast<Millis>(options_.cluster_log_s * 1000);
    WriteRows(table, groups_in_flight, WallSeconds());
  }
  if (now >= next_status_) {
    next_status_ = now + kStatusEvery;
    const int64_t lost = status_.workers["lost"];
    status_.workers = {{"lost", lost}};
    for (const Role role : {Role::kLearner, Role::kRollout, Role::kReward}) status_.workers[ToString(role)] = 0;
    for (const PeerId peer : table.Peers()) ++status_.workers[ToString(table.RoleOf(peer).role)];
    WriteStatus();
  }
}

void ClusterMonitor::Finish(const std::string& state, const std::string& message) {
  status_.state = state;
  status_.message = message;
  status_.eta_s = status_.job_eta_s = -1;
  status_.missing.clear();
  for (auto& [queue, count] : status_.queues) count = 0;
  for (auto& [role, count] : status_.workers) count = role == "lost" ? count : 0;
  newest_rows_.clear();
  picture_.clear();
  FlushOwnSpans();
  WriteStatus();
}

const std::string& ClusterMonitor::Picture() {
  const Millis now = NowMillis();
  if (!picture_.empty() && now - picture_at_ < kPictureEvery) return picture_;
  picture_at_ = now;
  status_.updated = WallSeconds();
  ordered_json picture;
  picture["folder"] = options_.run_folder;
  picture["status"] = ordered_json::parse(ToJson(status_));
  picture["processes"] = ordered_json::array();
  std::istringstream rows(newest_rows_);
  for (std::string row; std::getline(rows, row);) picture["processes"].push_back(ordered_json::parse(row));
  picture["curves"] = curves_;  // what is no number becomes null
  picture_ = picture.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  return picture_;
}

void ClusterMonitor::WriteStatus() {
  if (options_.run_folder.empty()) return;
  status_.updated = WallSeconds();
  const std::string path = RunPaths(options_.run_folder).Status();
  const std::string problem = TryWriteFile(path, ToJson(status_));
  if (problem.empty()) {
    if (std::exchange(status_fails_, false)) TEMPER_LOG(Info, path, ": written again");
    return;
  }
  ++status_failures_;
  if (!std::exchange(status_fails_, true)) TEMPER_LOG(Warn, path, " cannot be written: ", problem, "; the job goes on");
}

}  // namespace temper
