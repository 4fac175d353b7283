#include "views/live/run_view.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <tuple>

#include <nlohmann/json.hpp>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/base/json_fields.h"
#include "cluster/base/role.h"
#include "cluster/host/host_name.h"
#include "record/metrics_file.h"
#include "record/run_paths.h"
#include "record/tail_lines.h"

namespace temper {
namespace {

using nlohmann::json;

constexpr int64_t kTailBytes = 512 << 10;

void SortProcesses(RunView* view) {
  std::sort(view->processes.begin(), view->processes.end(), [](const ProcessRow& a, const ProcessRow& b) {
    return std::make_tuple(OrderOf(a.role), a.rank < 0, a.rank, a.host) < std::make_tuple(OrderOf(b.role), b.rank < 0, b.rank, b.host);
  });
}

void ReadCurves(RunView* view) {
  const JobStatus& status = *view->status;
  const RunPaths run(view->folder);
  StagePaths stage = run.Arm(status.arm);
  if (status.stage == "sft")  // of all arms, or of this one alone
    stage = std::filesystem::exists(run.Sft().folder()) ? run.Sft() : run.Arm(status.arm).Sft();
  for (const std::string& line : TailLines(stage.Metrics(), kTailBytes)) {
    std::string problem;
    const auto row = ParseMetricRow(line, &problem);
    if (!row) continue;
    for (const char* name : kStatusCurves) {
      const auto value = row->values.find(name);
      const bool nonfinite = std::find(row->nonfinite.begin(), row->nonfinite.end(), name) != row->nonfinite.end();
      if (value != row->values.end() || nonfinite) view->curves[name].push_back(nonfinite ? std::nan("") : value->second);
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
  view.processes = NewestProcessRows(run_folder);
  SortProcesses(&view);
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
  view.folder = Concat(view.status->host, ":", TextField(parsed, "folder"));
  view.now = view.status->updated + age_s;
  // Its process may have a namesake here: only whether it answers counts.
  view.life = LifeOf(*view.status, view.now, "");
  for (const json& row : part("processes")) {
    if (auto process = ParseProcessRow(row.dump())) view.processes.push_back(std::move(*process));
  }
  SortProcesses(&view);
  for (const auto& [name, values] : part("curves").items()) {
    if (!values.is_array()) continue;
    for (const json& value : values) view.curves[name].push_back(value.is_number() ? value.get<double>() : std::nan(""));
  }
  return view;
}

std::string LifeSentence(const RunView& view) {
  if (!view.status) return view.problems.empty() ? "no status" : view.problems[0];
  const JobStatus& s = *view.status;
  const std::string age = Concat(std::lround(std::max(0.0, view.now - s.updated)), " s");
  const std::string again = "start the same command again to go on from the newest checkpoint";
  const std::string logs = RunPaths(view.folder).LatestLogs() + "/";
  switch (view.life) {
    case JobLife::kAlive:
      return s.host == view.host && view.now - s.updated > kSilentSeconds
                 ? Concat("alive (process ", s.pid, "), but it last wrote ", age, " ago: it is reading data, writing, or stuck")
                 : "alive";
    case JobLife::kWaiting:
      return Concat("WAITING for who is not there: ", s.missing);
    case JobLife::kDead:
      return Concat("DEAD: process ", s.pid, " on ", s.host, " is gone; it last wrote ", age, " ago and did not say why. Look at ", logs,
                    ", then ", again);
    case JobLife::kUnknown:
      return Concat("SILENT for ", age, ": it ran on ", s.host, " (process ", s.pid,
                    "), which cannot be seen from here. Most likely dead: ", "check there, look at ", logs, ", then ", again);
    case JobLife::kEnded:
      break;
  }
  if (s.state == "done") return "done; the report is " + RunPaths(view.folder).Report().Html();
  if (s.state == "preempted") return s.message;
  return Concat(s.state, ": ", s.message, "; logs are in ", logs);
}

}  // namespace temper
