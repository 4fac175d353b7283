#include "record/job_status.h"

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/utc_time.h"
#include "record/run_paths.h"

namespace temper {
namespace {

using nlohmann::ordered_json;

template <typename T>
void Take(const nlohmann::json& object, const char* name, T* value) {
  if (const auto found = object.find(name); found != object.end() && !found->is_null()) *value = found->get<T>();
}

JobStatus StatusFromJson(const nlohmann::json& j) {
  JobStatus s;
  Take(j, "state", &s.state);
  Take(j, "message", &s.message);
  Take(j, "run", &s.run);
  Take(j, "host", &s.host);
  Take(j, "endpoint", &s.endpoint);
  Take(j, "missing", &s.missing);
  Take(j, "pid", &s.pid);
  Take(j, "pid_start", &s.pid_start);
  Take(j, "attempt", &s.attempt);
  Take(j, "started", &s.started);
  Take(j, "updated", &s.updated);
  Take(j, "arm", &s.arm);
  Take(j, "stage", &s.stage);
  Take(j, "step", &s.step);
  Take(j, "steps", &s.steps);
  Take(j, "eta_s", &s.eta_s);
  Take(j, "job_eta_s", &s.job_eta_s);
  Take(j, "graded_by", &s.graded_by);
  Take(j, "policy_version", &s.policy_version);
  Take(j, "last", &s.last);
  Take(j, "queues", &s.queues);
  Take(j, "workers", &s.workers);
  Take(j, "versions", &s.versions);
  Take(j, "warnings", &s.warnings);
  return s;
}

}  // namespace

std::string ToJson(const JobStatus& s) {
  ordered_json j;
  j["state"] = s.state;
  if (!s.message.empty()) j["message"] = s.message;
  j["missing"] = s.missing;
  j["run"] = s.run;
  j["arm"] = s.arm;
  j["stage"] = s.stage;
  j["step"] = s.step;
  j["steps"] = s.steps;
  j["percent"] = std::round(s.percent() * 10) / 10;
  const auto seconds = [](double value) { return value < 0 ? ordered_json(nullptr) : ordered_json(std::round(value * 10) / 10); };
  j["eta_s"] = seconds(s.eta_s);
  j["job_eta_s"] = seconds(s.job_eta_s);
  j["policy_version"] = s.policy_version;
  j["last"] = ordered_json::object();
  for (const auto& [name, value] : s.last) {
    if (std::isfinite(value)) j["last"][name] = value;
  }
  j["graded_by"] = s.graded_by;
  j["queues"] = s.queues;
  j["workers"] = s.workers;
  j["warnings"] = s.warnings;
  j["attempt"] = s.attempt;
  j["epoch"] = s.attempt;
  j["time"] = UtcText(s.updated);
  j["updated"] = s.updated;
  j["started"] = s.started;
  j["host"] = s.host;
  j["pid"] = s.pid;
  j["pid_start"] = s.pid_start;
  j["endpoint"] = s.endpoint;
  j["versions"] = s.versions;
  return j.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::optional<JobStatus> ParseJobStatus(const std::string& text, const std::string& origin, std::string* problem) {
  const nlohmann::json parsed = nlohmann::json::parse(text, nullptr, false);
  try {
    if (parsed.is_object() && parsed.contains("state")) return StatusFromJson(parsed);
    *problem = Concat(origin, ": no JSON object with a state");
  } catch (const nlohmann::json::exception& error) {
    *problem = Concat(origin, ": ", error.what());
  }
  return std::nullopt;
}

std::optional<JobStatus> ReadJobStatus(const std::string& run_folder, std::string* problem) {
  const std::string path = RunPaths(run_folder).Status();
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    *problem = Concat(path, ": there is none; is this a run's folder (<run.dir>/<run.name>), and has the job started?");
    return std::nullopt;
  }
  std::string reason;
  const auto text = TryReadFile(path, kMaxDocumentBytes, &reason);
  if (text) return ParseJobStatus(*text, path, problem);
  *problem = Concat(path, ": cannot read it: ", reason);
  return std::nullopt;
}

bool IsDone(const std::string& run_folder) {
  std::string problem;
  const auto status = ReadJobStatus(run_folder, &problem);
  return status && status->state == "done";
}

int64_t ProcessStart(int64_t pid) {
  std::ifstream file(Concat("/proc/", pid, "/stat"));
  std::string text;
  if (!std::getline(file, text)) return -1;
  // The name, in parentheses, may hold anything; 20 fields on from its end is the 22nd.
  std::istringstream rest(text.substr(std::min(text.size(), text.rfind(')') + 1)));
  std::string field;
  rest >> field;
  if (field == "Z" || field == "X") return -1;  // it has ended, only nobody has asked how
  for (int i = 1; i < 20; ++i) rest >> field;
  return field.empty() ? -1 : std::strtoll(field.c_str(), nullptr, 10);
}

JobLife LifeOf(const JobStatus& status, double now, const std::string& host) {
  if (status.state != "starting" && status.state != "running") return JobLife::kEnded;
  const JobLife there = status.missing.empty() ? JobLife::kAlive : JobLife::kWaiting;
  if (status.host == host && status.pid > 0) return ProcessStart(status.pid) == status.pid_start ? there : JobLife::kDead;
  return now - status.updated <= kSilentSeconds ? there : JobLife::kUnknown;
}

}  // namespace temper
