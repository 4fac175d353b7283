#include "record/process_rows.h"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "cluster/base/json_fields.h"
#include "cluster/base/step_number.h"
#include "cluster/base/utc_time.h"
#include "record/run_paths.h"
#include "record/tail_lines.h"

namespace temper {
namespace {

using nlohmann::ordered_json;

constexpr int64_t kTailBytes = 512 << 10;
constexpr double kGoneAfter = 15;  // seconds without a row: the process has left

// 0 for a value that is not finite.
double Rounded(double value, double per_unit) { return std::isfinite(value) ? std::round(value * per_unit) / per_unit : 0; }

void PutReport(const ProcessRow& row, ordered_json* out) {
  ordered_json& j = *out;
  j["rank"] = row.rank;
  j["host"] = row.host;
  j["pid"] = row.pid;
  j["state"] = row.state;
  j["state_s"] = Rounded(row.state_s, 1000);
  if (row.step >= 0) j["step"] = row.step;
  if (row.policy_version >= 0) j["policy_version"] = row.policy_version;
  j["units_per_s"] = Rounded(row.units_per_s, 10);
  j["cpu_percent"] = Rounded(row.cpu_percent, 10);
  j["rss_mib"] = row.rss_mib;
  for (const auto& [name, value] : row.gauges) j[name] = value;
  for (const ProcessRow::Gpu& gpu : row.gpus) {
    j["gpus"].push_back({{"index", gpu.index},
                         {"util_percent", gpu.util_percent},
                         {"memory_used_mib", gpu.memory_used_mib},
                         {"memory_total_mib", gpu.memory_total_mib}});
  }
}

void PutJob(const ProcessRow::Job& job, ordered_json* out) {
  ordered_json& j = *out;
  j["stage"] = job.stage;
  j["step"] = job.step;
  j["queues"] = job.queues;
  j["groups_in_flight"] = job.groups_in_flight;
  j["requeued"] = job.requeued;
  j["duplicates"] = job.duplicates;
}

double Number(const nlohmann::json& object, const char* name, double absent) { return NumberField(object, name).value_or(absent); }

int64_t Whole(const nlohmann::json& object, const char* name, int64_t absent) {
  return static_cast<int64_t>(Number(object, name, static_cast<double>(absent)));
}

std::vector<ProcessRow::Gpu> GpusOf(const nlohmann::json& row) {
  std::vector<ProcessRow::Gpu> gpus;
  const auto list = row.find("gpus");
  if (list == row.end() || !list->is_array()) return gpus;
  for (const nlohmann::json& gpu : *list) {
    if (!gpu.is_object()) continue;
    gpus.push_back(
        {Whole(gpu, "index", 0), Number(gpu, "util_percent", 0), Whole(gpu, "memory_used_mib", 0), Whole(gpu, "memory_total_mib", 0)});
  }
  return gpus;
}

ProcessRow::Job JobOf(const nlohmann::json& row) {
  ProcessRow::Job job;
  job.stage = TextField(row, "stage");
  job.step = Whole(row, "step", 0);
  if (const auto queues = row.find("queues"); queues != row.end() && queues->is_object()) {
    for (const auto& [name, count] : queues->items()) job.queues[name] = count.is_number() ? count.get<int64_t>() : 0;
  }
  job.groups_in_flight = Whole(row, "groups_in_flight", 0);
  job.requeued = Whole(row, "requeued", 0);
  job.duplicates = Whole(row, "duplicates", 0);
  return job;
}

}  // namespace

void ProcessRow::Take(const TelemetryReport& report) {
  rank = report.rank;
  host = report.host;
  pid = report.pid;
  state = report.state;
  state_s = static_cast<double>(report.state_age_us) / 1e6;
  step = StepNumber(report.step);
  policy_version = report.policy_version;
  units_per_s = report.units_per_s;
  cpu_percent = report.cpu_percent;
  rss_mib = report.rss_bytes >> 20;
  gauges = report.gauges;
  gpus.clear();
  for (const GpuUse& gpu : report.gpus)
    gpus.push_back({gpu.index, gpu.util_percent, gpu.memory_used_bytes >> 20, gpu.memory_total_bytes >> 20});
}

double ProcessRow::gpu_percent() const {
  double sum = 0;
  for (const Gpu& gpu : gpus) sum += gpu.util_percent;
  return gpus.empty() ? -1 : sum / static_cast<double>(gpus.size());
}

std::string ToJsonLine(const ProcessRow& row) {
  ordered_json j;
  j["time"] = UtcTextMillis(row.t);
  j["t"] = row.t;
  j["attempt"] = row.attempt;
  j["role"] = row.role;
  if (!row.peer.empty()) j["peer"] = row.peer;
  if (row.has_report) {
    PutReport(row, &j);
  } else {
    j["host"] = row.host;
    j["state"] = row.state;
  }
  if (row.tasks) {
    j["leases"] = row.tasks->leases;
    j["credits"] = row.tasks->credits;
    j["heartbeat_age_s"] = Rounded(row.tasks->heartbeat_age_s, 1000);
  }
  if (row.job) PutJob(*row.job, &j);
  return j.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::optional<ProcessRow> ParseProcessRow(const std::string& line) {
  const nlohmann::json row = nlohmann::json::parse(line, nullptr, false);
  if (!row.is_object()) return std::nullopt;
  ProcessRow p;
  p.t = Number(row, "t", 0);
  p.attempt = Whole(row, "attempt", 1);
  p.role = TextField(row, "role");
  p.peer = TextField(row, "peer");
  p.host = TextField(row, "host");
  p.state = TextField(row, "state");
  p.has_report = p.state != kRegistered;
  p.rank = Whole(row, "rank", -1);
  p.pid = Whole(row, "pid", 0);
  p.state_s = Number(row, "state_s", 0);
  p.step = Whole(row, "step", -1);
  p.policy_version = Whole(row, "policy_version", -1);
  p.units_per_s = Number(row, "units_per_s", 0);
  p.cpu_percent = Number(row, "cpu_percent", 0);
  p.rss_mib = Whole(row, "rss_mib", 0);
  p.gpus = GpusOf(row);
  if (row.contains("leases"))
    p.tasks = ProcessRow::Tasks{Whole(row, "leases", 0), Whole(row, "credits", 0), Number(row, "heartbeat_age_s", 0)};
  if (row.contains("stage")) p.job = JobOf(row);
  return p;
}

std::vector<ProcessRow> NewestProcessRows(const std::string& run_folder) {
  std::map<std::string, ProcessRow> newest;  // by peer
  double last = 0;
  int64_t attempt = 0;
  for (const std::string& line : TailLines(RunPaths(run_folder).ProcessRows(), kTailBytes)) {
    auto row = ParseProcessRow(line);
    if (!row) continue;
    if (row->attempt > attempt) newest.clear();
    attempt = std::max(attempt, row->attempt);
    last = std::max(last, row->t);
    newest[row->peer] = std::move(*row);
  }
  std::vector<ProcessRow> rows;
  for (auto& [peer, row] : newest) {
    if (last - row.t < kGoneAfter) rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace temper
