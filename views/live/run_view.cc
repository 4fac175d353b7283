#include "views/live/run_view.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <tuple>

#include <nlohmann/json.hpp>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/base/role.h"
#include "cluster/host/host_name.h"
#include "record/line_follower.h"

namespace temper {
namespace {

using nlohmann::json;

constexpr int64_t kTailBytes = 512 << 10;
constexpr double kGoneAfterRows = 15;  // seconds without a row: the process has left

double Number(const json& object, const char* name, double absent) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number() ? found->get<double>() : absent;
}

std::string Text(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

RunView::Process ProcessOf(const json& row) {
  RunView::Process p;
  p.t = Number(row, "t", 0);
  p.role = Text(row, "role");
  p.host = Text(row, "host");
  p.state = Text(row, "state");
  p.rank = static_cast<int64_t>(Number(row, "rank", -1));
  p.step = static_cast<int64_t>(Number(row, "step", -1));
  p.policy_version = static_cast<int64_t>(Number(row, "policy_version", -1));
  p.leases = static_cast<int64_t>(Number(row, "leases", 0));
  p.rss_mib = static_cast<int64_t>(Number(row, "rss_mib", 0));
  p.units_per_s = Number(row, "units_per_s", 0);
  p.cpu_percent = Number(row, "cpu_percent", 0);
  p.heartbeat_age_s = Number(row, "heartbeat_age_s", 0);
  p.state_s = Number(row, "state_s", 0);
  if (const auto gpus = row.find("gpus"); gpus != row.end() && gpus->is_array() && !gpus->empty()) {
    double sum = 0;
    for (const json& gpu : *gpus) {
      if (!gpu.is_object()) continue;
      sum += Number(gpu, "util_percent", 0);
      p.gpu_mib += static_cast<int64_t>(Number(gpu, "memory_used_mib", 0));
    }
    p.gpu_percent = sum / static_cast<double>(gpus->size());
  }
  return p;
}

void SortProcesses(RunView* view) {
  std::sort(view->processes.begin(), view->processes.end(), [](const RunView::Process& a, const RunView::Process& b) {
    return std::make_tuple(OrderOf(a.role), a.rank < 0, a.rank, a.host) < std::make_tuple(OrderOf(b.role), b.rank < 0, b.rank, b.host);
  });
}

void ReadProcesses(RunView* view) {
  std::map<std::string, RunView::Process> newest;  // by peer
  double last = 0;
  double attempt = 0;
  for (const std::string& line : TailLines(view->folder + "/cluster.jsonl", kTailBytes)) {
    const json row = json::parse(line, nullptr, false);
    if (!row.is_object()) continue;
    if (Number(row, "attempt", 1) > attempt) newest.clear();
    attempt = std::max(attempt, Number(row, "attempt", 1));
    RunView::Process process = ProcessOf(row);
    last = std::max(last, process.t);
    newest[Text(row, "peer")] = std::move(process);
  }
  for (auto& [peer, process] : newest) {
    if (last - process.t < kGoneAfterRows) view->processes.push_back(std::move(process));
  }
  SortProcesses(view);
}

void ReadCurves(RunView* view) {
  const JobStatus& status = *view->status;
  std::string folder = view->folder + "/" + status.arm;
  if (status.stage == "sft") {  // of all arms, or of this one alone
    const std::string shared = view->folder + "/sft";
    folder = std::filesystem::exists(shared) ? shared : folder + "/sft";
  }
  for (const std::string& line : TailLines(folder + "/metrics.jsonl", kTailBytes)) {
    const json row = json::parse(line, nullptr, false);
    if (!row.is_object()) continue;
    for (const char* name : kStatusCurves) {
      if (row.contains(name)) view->curves[name].push_back(Number(row, name, std::nan("")));
    }
  }
}

}  // namespace

RunView ReadRun(const std::string& run_folder) {
  RunView view;
  view.folder = run_folder;
  view.now = static_cast<double>(WallMicros()) / 1e6;
  view.host = LocalHostName();
  std::string problem;
  view.status = ReadJobStatus(run_folder, &problem);
  if (!view.status) {
    view.problems.push_back(problem);
    return view;
  }
  view.life = LifeOf(*view.status, view.now, view.host);
  ReadProcesses(&view);
  ReadCurves(&view);
  return view;
}

RunView ViewOfPicture(const std::string& picture, double age_s) {
  RunView view;
  view.host = LocalHostName();
  const json parsed = json::parse(picture, nullptr, false);
  const json none = json::object();
  const auto part = [&](const char* name) -> const json& { return parsed.is_object() && parsed.contains(name) ? parsed[name] : none; };
  std::string problem;
  view.status = ParseJobStatus(part("status").dump(), "the job's answer", &problem);
  if (!view.status) {
    view.problems.push_back(problem);
    return view;
  }
  view.folder = Concat(view.status->host, ":", Text(parsed, "folder"));
  view.now = view.status->updated + age_s;
  // Its process may have a namesake here: only whether it answers counts.
  view.life = LifeOf(*view.status, view.now, "");
  for (const json& row : part("processes")) {
    if (row.is_object()) view.processes.push_back(ProcessOf(row));
  }
  SortProcesses(&view);
  for (const auto& [name, values] : part("curves").items()) {
    if (!values.is_array()) continue;
    for (const json& value : values) view.curves[name].push_back(value.is_number() ? value.get<double>() : std::nan(""));
  }
  return view;
}

std::string Verdict(const RunView& view) {
  if (!view.status) return view.problems.empty() ? "no status" : view.problems[0];
  const JobStatus& s = *view.status;
  const std::string age = Concat(std::lround(std::max(0.0, view.now - s.updated)), " s");
  const std::string again = "start the same command again to go on from the newest checkpoint";
  switch (view.life) {
    case JobLife::kAlive:
      return s.host == view.host && view.now - s.updated > kSilentSeconds
                 ? Concat("alive (process ", s.pid, "), but it last wrote ", age, " ago: it is reading data, writing, or stuck")
                 : "alive";
    case JobLife::kDead:
      return Concat("DEAD: process ", s.pid, " on ", s.host, " is gone; it last wrote ", age, " ago and did not say why. Look at ",
                    view.folder, "/logs/latest/, then ", again);
    case JobLife::kUnknown:
      return Concat("SILENT for ", age, ": it ran on ", s.host, " (process ", s.pid,
                    "), which cannot be seen from here. Most likely dead: ", "check there, look at ", view.folder, "/logs/latest/, then ",
                    again);
    case JobLife::kEnded:
      break;
  }
  if (s.state == "done") return "done; the report is " + view.folder + "/report.html";
  if (s.state == "preempted") return s.message;
  return Concat(s.state, ": ", s.message, "; logs are in ", view.folder, "/logs/latest/");
}

}  // namespace temper
