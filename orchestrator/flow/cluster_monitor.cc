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
#include "cluster/base/log.h"

namespace temper {
namespace {

using nlohmann::ordered_json;

constexpr Millis kStatusEvery = 1000;
constexpr size_t kMaxWarnings = 8;
constexpr size_t kCurveLength = 300;  // more than a terminal has columns

double WallSeconds() { return static_cast<double>(WallMicros()) / 1e6; }

std::string ClockText(double seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  gmtime_r(&time, &parts);
  char text[40];
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
  char all[48];
  std::snprintf(all, sizeof(all), "%s.%03dZ", text, static_cast<int>((seconds - std::floor(seconds)) * 1000));
  return all;
}

// Of one that is no number: 0.
double Rounded(double value, double per_unit) { return std::isfinite(value) ? std::round(value * per_unit) / per_unit : 0; }

std::string PeerName(PeerId id) {
  char text[20];
  std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(id));
  return text;
}

// The fields that a process tells of itself.
void PutReport(const TelemetryReport& r, ordered_json* row) {
  ordered_json& j = *row;
  j["rank"] = r.rank;
  j["host"] = r.host;
  j["pid"] = r.pid;
  j["state"] = r.state;
  j["state_s"] = Rounded(static_cast<double>(r.state_age_us) / 1e6, 1000);
  if (r.step >= 0) j["step"] = r.step;
  if (r.policy_version >= 0) j["policy_version"] = r.policy_version;
  j["units_per_s"] = Rounded(r.units_per_s, 10);
  j["cpu_percent"] = Rounded(r.cpu_percent, 10);
  j["rss_mib"] = r.rss_bytes >> 20;
  for (const auto& [name, value] : r.gauges) j[name] = value;
  for (const GpuUse& gpu : r.gpus) {
    j["gpus"].push_back({{"index", gpu.index},
                         {"util_percent", gpu.util_percent},
                         {"memory_used_mib", gpu.memory_used_bytes >> 20},
                         {"memory_total_mib", gpu.memory_total_bytes >> 20}});
  }
}

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
    std::filesystem::create_directories(options_.run_folder + "/traces", failed);
    rows_ = BoundedFile(options_.run_folder + "/cluster.jsonl", limit);
    spans_ = BoundedFile(options_.run_folder + "/traces/spans.jsonl", limit);
  } else {
    own_ = Telemetry(0, false);
  }
  WriteStatus();
}

void ClusterMonitor::Warn(const std::string& text) {
  status_.warnings.push_back(ClockText(WallSeconds()).substr(11, 8) + " " + text);
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

void ClusterMonitor::OnReport(PeerId id, const PeerRole& role, const std::string& body) {
  if (options_.cluster_log_s <= 0) return;
  Peer& peer = peers_[id];
  peer.role = role;
  try {
    peer.report = TelemetryReport::Decode(body);
  } catch (const Error& error) {
    if (!std::exchange(peer.refused, true))
      TEMPER_LOG(Warn, "telemetry of ", ToString(role), " ", PeerName(id), " refused: ", error.what());
    return;
  }
  peer.heard = NowMillis();
  WriteSpans(role.role, PeerName(id), peer.report);
}

void ClusterMonitor::WriteSpans(Role role, const std::string& peer, const TelemetryReport& report) {
  if (report.spans.empty()) return;
  ordered_json line;
  line["attempt"] = status_.attempt;
  line["role"] = ToString(role);
  line["rank"] = report.rank;
  line["peer"] = peer;
  line["host"] = report.host;
  line["pid"] = report.pid;
  line["clock_error_us"] = report.clock_error_us;
  if (report.spans_dropped > 0) line["dropped"] = report.spans_dropped;
  if (role == Role::kOrchestrator && max_staleness_ >= 0) line["max_staleness"] = max_staleness_;
  const int64_t offset = report.clock_offset_us + wall_offset_us_;
  for (const Span& span : report.spans) {
    line["spans"].push_back({span.name, static_cast<int>(span.lane), span.begin_us + offset, span.duration_us, span.step, span.version,
                             std::isfinite(span.count) ? span.count : 0});
  }
  spans_.Append(line.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n");
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
  stage_first_ = -1;
  curves_.clear();
  WriteStatus();
}

void ClusterMonitor::SetProgress(int64_t step, int64_t steps) {
  if (stage_first_ < 0 || step < status_.step) {
    stage_first_ = step;
    stage_since_ = NowSeconds();
  }
  status_.step = step;
  status_.steps = steps;
  if (status_.stage == "rl") status_.policy_version = step;  // a version for each step
  if (step > stage_first_)
    status_.eta_s = (NowSeconds() - stage_since_) / static_cast<double>(step - stage_first_) * static_cast<double>(steps - step);
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

std::string ClusterMonitor::PeerRow(PeerId id, const Peer& peer, const TaskTable& table, const std::string& time, double now_s) const {
  ordered_json row;
  row["time"] = time;
  row["t"] = now_s;
  row["attempt"] = status_.attempt;
  row["role"] = ToString(peer.role.role);
  row["peer"] = PeerName(id);
  if (peer.heard > 0) {
    PutReport(peer.report, &row);
  } else {
    row["host"] = peer.host;
    row["state"] = "registered";
  }
  if (table.HasPeer(id)) {
    const TaskTable::PeerState state = table.StateOf(id);
    row["leases"] = state.leases;
    row["credits"] = state.capacity - state.leases;
    row["heartbeat_age_s"] = Rounded(static_cast<double>(NowMillis() - state.last_heard) / 1000, 1000);
  }
  return row.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

void ClusterMonitor::WriteRows(const TaskTable& table, int64_t groups_in_flight, double now_s) {
  const std::string time = ClockText(now_s);
  const TelemetryReport own = own_.Report(own_clock_);
  WriteSpans(Role::kOrchestrator, "", own);
  ordered_json row;
  row["time"] = time;
  row["t"] = now_s;
  row["attempt"] = status_.attempt;
  row["role"] = ToString(Role::kOrchestrator);
  PutReport(own, &row);
  row["stage"] = status_.stage;
  row["step"] = status_.step;
  row["queues"] = status_.queues;
  row["groups_in_flight"] = groups_in_flight;
  row["requeued"] = table.num_requeued();
  row["duplicates"] = table.num_duplicates();
  std::string lines = row.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
  for (const auto& [id, peer] : peers_) lines += PeerRow(id, peer, table, time, now_s);
  rows_.Append(lines);
  newest_rows_ = std::move(lines);
}

void ClusterMonitor::Tick(const TaskTable& table, int64_t groups_in_flight) {
  const Millis now = NowMillis();
  if (options_.run_folder.empty() || (now < next_row_ && now < next_status_)) return;
  status_.queues = {{"rollout", table.num_queued(Role::kRollout)},
                    {"reward", table.num_queued(Role::kReward)},
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
  status_.eta_s = -1;
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
  const std::string path = options_.run_folder + "/status.json";
  if (ReplaceFile(path, ToJson(status_))) {
    if (std::exchange(status_fails_, false)) TEMPER_LOG(Info, path, ": written again");
    return;
  }
  const int error = errno;
  ++status_failures_;
  if (!std::exchange(status_fails_, true)) TEMPER_LOG(Warn, path, " cannot be written: ", std::strerror(error), "; the job goes on");
}

}  // namespace temper
