#include "views/index/run_index.h"

#include <algorithm>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/utc_time.h"
#include "cluster/host/host_name.h"
#include "record/job_status.h"
#include "record/provenance.h"
#include "record/run_json.h"
#include "record/run_paths.h"
#include "views/report/grading.h"
#include "views/report/render.h"

namespace temper {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr size_t kMaxNamed = 3;  // folders that are no runs, in an error

// Files of a run's folder that the index leads to, as seen from there.
std::vector<std::pair<std::string, std::string>> Links() {
  const RunPaths run("");
  return {{"report", run.Report().Html()}, {"config", run.SourceConfig()}, {"resolved", run.ResolvedConfig()}, {"logs", run.LatestLogs()}};
}

json ReadJson(const fs::path& path) {
  std::string reason;
  const auto text = TryReadFile(path, kMaxDataBytes, &reason);
  return text ? json::parse(*text, nullptr, false) : json();
}

bool Exists(const fs::path& path) {
  std::error_code unreadable;
  return fs::exists(path, unreadable);
}

Estimate EstimateOf(const json& value) {
  Estimate estimate;
  if (!value.is_object()) return estimate;
  estimate.mean = value.at("mean").get<double>();
  if (value.at("low").is_number()) estimate.low = value.at("low").get<double>(), estimate.high = value.at("high").get<double>();
  estimate.few = value.value("few", false);
  estimate.n = value.at("n").get<int64_t>();
  estimate.present = true;
  return estimate;
}

// The figures of report.json (views/report/json.cc) on its first set.
void AddFigures(const json& report, IndexedRun* run) {
  const json& sets = report.at("sets");
  if (!sets.empty()) run->set = sets.at(0).get<std::string>();
  std::vector<IndexedRun::Arm> arms;
  for (const json& from : report.at("arms")) {
    IndexedRun::Arm arm{from.at("name").get<std::string>(), {}};
    const json& evaluations = from.at("evaluations");
    if (const auto found = evaluations.find(run->set); found != evaluations.end()) {
      for (const FigureColumn& figure : FigureColumns()) arm.figures[figure.key] = EstimateOf(found->at("all").at(figure.key));
    }
    const json& curves = from.at("curves");
    if (const auto reward = curves.find("reward/mean"); reward != curves.end() && !reward->at("steps").empty())
      run->steps = std::max(run->steps, static_cast<int64_t>(reward->at("steps").back().get<double>()));
    arms.push_back(std::move(arm));
  }
  run->arms = std::move(arms);
}

void AddReport(const fs::path& folder, IndexedRun* run) {
  const fs::path path = RunPaths(folder).Report().Json();
  if (!Exists(path)) return;
  try {
    AddFigures(ReadJson(path), run);
  } catch (const json::exception&) {
    run->why += Concat(run->why.empty() ? "" : "; ", "report.json is damaged: temper report writes it again");
  }
}

void AddStatus(const fs::path& folder, double now, const std::string& host, IndexedRun* run) {
  std::string problem;
  const auto status = ReadJobStatus(folder.string(), &problem);
  if (!status) {
    run->why = Exists(RunPaths(folder).Status()) ? "status.json is damaged" : "no status.json: the job has not started";
    return;
  }
  const JobLife life = LifeOf(*status, now, host);
  run->state = life == JobLife::kDead ? "dead" : life == JobLife::kUnknown ? "stale" : status->state;
  run->why = status->message;
  if (life == JobLife::kWaiting) run->why = "waits for who is not there: " + status->missing;
  if (life == JobLife::kDead) run->why = "its process is gone, without a word; see its logs";
  if (life == JobLife::kUnknown) run->why = Concat("on ", status->host, ", silent for ", static_cast<int64_t>(now - status->updated), " s");
  if (status->stage == "rl" && life != JobLife::kEnded) run->steps = status->step, run->steps_of = status->steps;
  const double started = ParseUtc(run->started).value_or(-1);
  if (started < 0 || status->updated <= 0) return;
  const bool over = status->state == "done" || !IsThere(life);
  run->duration_s = std::max(0.0, (over ? status->updated : now) - started);
}

// A folder with a run.json. Throws Error where that is damaged.
IndexedRun ReadRun(const fs::path& folder, const std::string& path, double now, const std::string& host) {
  const RunDescription description = ReadRunDescription(folder);
  IndexedRun run;
  run.path = path;
  run.name = description.name;
  run.seed = description.seed;
  run.grading = GradingNote(description.grader, description.built_in_world);
  for (const RunDescription::Arm& arm : description.arms) run.arms.push_back({arm.name, {}});
  const RunOrigin origin = ReadOrigin(folder.string());
  run.started = origin.started;
  AddStatus(folder, now, host, &run);
  const double started = ParseUtc(origin.started).value_or(-1), ended = ParseUtc(origin.ended).value_or(-1);
  if (started >= 0 && ended >= started && run.state != "running" && run.state != "starting") run.duration_s = ended - started;
  AddReport(folder, &run);
  for (const auto& [what, file] : Links()) {
    if (Exists(folder / file)) run.links.emplace_back(what, file);
  }
  return run;
}

// Names of the folders right below, numbers by value; what is no folder is not looked at.
std::vector<std::string> FoldersBelow(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    std::error_code unreadable;
    if (name[0] != '.' && entry.is_directory(unreadable)) names.push_back(name);
  }
  std::sort(names.begin(), names.end(), NaturallyBefore);
  return names;
}

class Reader {
 public:
  Reader(RunIndex* index, double now, std::string host) : index_(index), now_(now), host_(std::move(host)) {}

  // The runs right below; folders that are none are given to `other`, or left out.
  void ReadGroup(const fs::path& folder, const std::string& prefix, std::vector<std::string>* other) {
    IndexedGroup group{prefix, Exists(RunPaths(folder).Report().Html()), {}};
    for (const std::string& name : FoldersBelow(folder)) {
      const std::string path = prefix.empty() ? name : prefix + "/" + name;
      if (fs::is_symlink(folder / name)) {
        LeaveOut(path, "a link: what it leads to is listed where it lies");
      } else if (IsSetAside(name) && IsRunFolder(folder / name)) {
        LeaveOut(path, "set aside by --resume never");
      } else if (IsRunFolder(folder / name)) {
        AddRun(folder / name, path, &group);
      } else if (other != nullptr) {
        other->push_back(name);
      } else {
        LeaveOut(path, "no run: it has no run.json");
      }
    }
    if (!group.runs.empty()) index_->groups.push_back(std::move(group));
  }

  // A folder that is no run itself: the members of a sweep, or nothing of ours.
  void ReadMembers(const fs::path& folder, const std::string& name) {
    try {
      const std::vector<std::string> below = FoldersBelow(folder);
      const bool any = std::any_of(below.begin(), below.end(), [&](const std::string& run) { return IsRunFolder(folder / run); });
      if (!any) return LeaveOut(name, "no run: it has no run.json, nor has a folder right below it");
      ReadGroup(folder, name, nullptr);
    } catch (const fs::filesystem_error& error) {
      LeaveOut(name, Concat("cannot be read: ", error.code().message()));
    }
  }

 private:
  void AddRun(const fs::path& folder, const std::string& path, IndexedGroup* group) {
    try {
      group->runs.push_back(ReadRun(folder, path, now_, host_));
    } catch (const Error& error) {
      LeaveOut(path, Concat("run.json is damaged: ", error.what()));
    }
  }

  void LeaveOut(const std::string& path, const std::string& why) { index_->left_out.emplace_back(path, why); }

  RunIndex* index_;
  double now_;
  std::string host_;
};

}  // namespace

RunIndex ReadRunIndex(const std::string& folder, double now, const std::string& host) {
  if (!fs::is_directory(folder)) throw ConfigError(Concat(folder, ": no such folder; give the one around runs, <run.dir>"));
  if (IsRunFolder(folder))
    throw ConfigError(Concat(folder, ": a run's own folder; give the one around it, or see its report with  temper report ", folder));
  RunIndex index;
  index.folder = folder;
  Reader reader(&index, now, host);
  std::vector<std::string> other;
  try {
    reader.ReadGroup(folder, "", &other);
  } catch (const fs::filesystem_error& error) {
    throw ConfigError(Concat(folder, ": cannot be read: ", error.code().message()));
  }
  for (const std::string& name : other) reader.ReadMembers(fs::path(folder) / name, name);
  return index;
}

void WriteRunIndex(const std::string& folder) {
  const RunIndex index = ReadRunIndex(folder, static_cast<double>(WallMicros()) / 1e6, LocalHostName());
  if (index.groups.empty()) {
    std::string why = Concat(folder, ": no run there and none right below its folders; a run's folder has a run.json");
    for (size_t i = 0; i < std::min(index.left_out.size(), kMaxNamed); ++i)
      why += Concat("\n  ", index.left_out[i].first, ": ", index.left_out[i].second);
    throw ConfigError(why);
  }
  WriteFile(RunsPaths(folder).Index(), RenderHtml(index));
}

bool NaturallyBefore(const std::string& a, const std::string& b) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (!digit(a[i]) || !digit(b[j])) {
      if (a[i] != b[j]) return a[i] < b[j];
      ++i, ++j;
      continue;
    }
    const size_t end_a = std::min(a.find_first_not_of("0123456789", i), a.size());
    const size_t end_b = std::min(b.find_first_not_of("0123456789", j), b.size());
    if (end_a - i != end_b - j) return end_a - i < end_b - j;
    const int order = a.compare(i, end_a - i, b, j, end_b - j);
    if (order != 0) return order < 0;
    i = end_a, j = end_b;
  }
  return a.size() - i < b.size() - j;
}

}  // namespace temper
