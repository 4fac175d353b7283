#include "orchestrator/launch/sweep.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/config/errors.h"
#include "cluster/config/nearest_name.h"
#include "cluster/config/value.h"
#include "orchestrator/config/experiment_config.h"
#include "orchestrator/config/names.h"
#include "record/job_status.h"
#include "record/run_paths.h"
#include "record/settings.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxShownErrors = 20;

struct Setting {
  std::string key;
  std::string value;   // as YAML
  std::string source;  // where it was given
};
using Point = std::vector<Setting>;

void CheckNumber(size_t runs, const std::string& source) {
  if (runs <= kMaxSweepRuns) return;
  throw ConfigError(Concat(source, ": sweep: more than ", kMaxSweepRuns, " runs; take values out of sweep.grid, sweep.list or seeds"));
}

// Every point with each of the values in turn, the last axis fastest.
std::vector<Point> Product(const std::vector<Point>& points, const std::vector<Setting>& axis) {
  CheckNumber(points.size() * axis.size(), axis.front().source);
  std::vector<Point> product;
  for (const Point& point : points) {
    for (const Setting& setting : axis) {
      product.push_back(point);
      product.back().push_back(setting);
    }
  }
  return product;
}

std::vector<Point> PointsOf(const Experiment& experiment) {
  const SweepConfig& sweep = experiment.base.sweep;
  std::vector<Point> points;
  if (!sweep.grid.empty()) points.emplace_back();
  for (const OverrideAxis& axis : sweep.grid) {
    std::vector<Setting> settings;
    for (const std::string& value : axis.values) settings.push_back({axis.key, value, axis.source});
    points = Product(points, settings);
  }
  for (const OverrideSet& set : sweep.list) {
    Point& point = points.emplace_back();
    for (const auto& [key, value] : set.values) point.push_back({key, value, set.source});
    CheckNumber(points.size(), set.source);
  }
  if (experiment.base.seeds.empty()) return points;
  if (points.empty()) points.emplace_back();
  std::string source;
  for (const ResolvedValue& value : experiment.resolved.values) {
    if (value.key == "seeds") source = value.source;
  }
  std::vector<Setting> seeds;
  for (const int64_t seed : experiment.base.seeds) seeds.push_back({"run.seed", YamlOf(seed), source});
  return Product(points, seeds);
}

// Keys that name the run, or that would make it several.
void CheckKeys(const std::vector<Point>& points) {
  std::set<std::string> errors;
  for (const Point& point : points) {
    size_t num_seeds = 0;
    for (const Setting& setting : point) {
      const std::string head = setting.key.substr(0, setting.key.find('.'));
      if (head == "seeds" || head == "sweep" || setting.key == "run" || setting.key == "run.name" || setting.key == "run.dir")
        errors.insert(
            Concat(setting.source, ": sweep: ", setting.key, " cannot vary: every run of a sweep has a name and folder of its own"));
      if (setting.key == "run.seed" && ++num_seeds > 1)
        errors.insert(Concat(setting.source, ": sweep: run.seed is given here and by seeds; leave one of them out"));
    }
  }
  std::string text;
  for (const std::string& error : errors) text += (text.empty() ? "" : "\n") + error;
  if (!text.empty()) throw ConfigError(text);
}

// For each key the shortest ending of it that no other key has: rl.optimizer.lr is lr, unless there is sft.optimizer.lr too.
std::map<std::string, std::string> ShortNames(const std::vector<Point>& points) {
  std::map<std::string, std::string> names;
  for (const Point& point : points) {
    for (const Setting& setting : point) names[setting.key];
  }
  for (auto& [key, name] : names) {
    for (size_t dot = key.rfind('.');; dot = key.rfind('.', dot - 1)) {
      name = dot == std::string::npos ? key : key.substr(dot + 1);
      const auto ends_alike = [&name = name](const auto& other) { return other.first == name || other.first.ends_with("." + name); };
      if (dot == std::string::npos || std::count_if(names.begin(), names.end(), ends_alike) == 1) break;
    }
  }
  return names;
}

// The value as part of a folder's name: of a path the last folder, of anything else the characters that names may have.
std::string NameOfValue(const std::string& value) {
  std::string name;
  for (const char c : value.substr(value.find_last_of('/') + 1)) {
    const bool fine = std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
    if (fine) {
      name += c;
    } else if (!name.empty() && name.back() != '_') {
      name += '_';
    }
  }
  return name.substr(0, name.find_last_not_of('_') + 1);
}

std::vector<SweepRun> NameRuns(const std::vector<Point>& points, const std::string& folder) {
  const auto short_names = ShortNames(points);
  std::vector<SweepRun> runs;
  std::set<std::string> taken;
  for (const Point& point : points) {
    SweepRun& run = runs.emplace_back();
    run.overrides = {"seeds=[]", "sweep={}"};
    for (const Setting& setting : point) {
      run.name += Concat(run.name.empty() ? "" : "-", short_names.at(setting.key), "_", NameOfValue(setting.value));
      run.settings.emplace_back(setting.key, setting.value);
      run.overrides.push_back(setting.key + "=" + setting.value);
    }
    if (run.name.empty() || run.name.size() > kMaxName || !taken.insert(run.name).second) run.name = Concat("run_", runs.size() - 1);
    run.folder = folder + "/" + run.name;
    run.overrides.insert(run.overrides.end(), {"run.dir=" + YamlOf(folder), "run.name=" + YamlOf(run.name)});
  }
  return runs;
}

std::vector<std::string> Joined(std::vector<std::string> overrides, const SweepRun& run) {
  overrides.insert(overrides.end(), run.overrides.begin(), run.overrides.end());
  return overrides;
}

// What is wrong with a run, a line each, with the place in the file where it was given for the override that it became.
std::vector<std::string> Located(const std::string& errors, const Point& point, const std::string& run) {
  std::vector<std::string> lines;
  for (size_t begin = 0, end = 0; begin < errors.size(); begin = end + 1) {
    end = std::min(errors.find('\n', begin), errors.size());
    std::string line = errors.substr(begin, end - begin);
    bool placed = false;
    for (const Setting& setting : point) {
      const std::string mark = "override " + ShownText(setting.key + "=" + setting.value);
      const size_t at = line.find(mark);
      if (at == std::string::npos) continue;
      line.replace(at, mark.size(), setting.source);
      placed = true;
    }
    lines.push_back(placed ? line : "run " + run + ": " + line);
  }
  return lines;
}

// Everything that a run's weights and figures are a function of.
std::string SettingsOf(const Experiment& experiment) {
  std::string all;
  for (const Arm& arm : experiment.arms) {
    for (const ResolvedValue& value : arm.resolved.values) {
      if (value.key != "run.name" && value.key != "run.dir") all += Concat(arm.name, " ", value.key, "=", value.value, "\n");
    }
  }
  return all;
}

void LoadAll(const std::string& path, const std::vector<std::string>& overrides, const std::vector<Point>& points, const Sweep& sweep) {
  std::vector<std::string> errors;
  std::map<std::string, std::string> same;  // settings -> run
  for (size_t i = 0; i < sweep.runs.size(); ++i) {
    const SweepRun& run = sweep.runs[i];
    std::vector<std::string> found;
    try {
      const auto [first, fresh] = same.emplace(SettingsOf(LoadExperiment(path, Joined(overrides, run))), run.name);
      const std::string where = points[i].empty() ? path : points[i].front().source;
      if (!fresh) found = {Concat(where, ": sweep: runs ", first->second, " and ", run.name, " have the same settings; leave one out")};
    } catch (const ConfigError& error) {
      found = Located(error.what(), points[i], run.name);
    }
    for (const std::string& line : found) {
      if (std::find(errors.begin(), errors.end(), line) == errors.end()) errors.push_back(line);
    }
  }
  if (errors.empty()) return;
  std::string text;
  for (size_t i = 0; i < std::min(errors.size(), kMaxShownErrors); ++i) text += (i == 0 ? "" : "\n") + errors[i];
  if (errors.size() > kMaxShownErrors) text += Concat("\nand ", errors.size() - kMaxShownErrors, " more");
  throw ConfigError(text);
}

}  // namespace

Sweep ExpandSweep(const std::string& path, const std::vector<std::string>& overrides) {
  const Experiment experiment = LoadExperiment(path, overrides);
  Sweep sweep;
  sweep.folder = RunsPaths(experiment.base.run.dir).Run(experiment.base.run.name).folder();
  const std::vector<Point> points = PointsOf(experiment);
  CheckKeys(points);
  sweep.runs = NameRuns(points, sweep.folder);
  LoadAll(path, overrides, points, sweep);
  return sweep;
}

const SweepRun& FindRun(const Sweep& sweep, const std::string& member) {
  if (sweep.runs.empty()) throw ConfigError(Concat("--member ", member, ": the config is a single run, without seeds: or sweep:"));
  for (const SweepRun& run : sweep.runs) {
    if (run.name == member) return run;
  }
  const bool digits = !member.empty() && member.size() < 8 && member.find_first_not_of("0123456789") == std::string::npos;
  const size_t index = digits ? std::stoul(member) : sweep.runs.size();
  if (index < sweep.runs.size()) return sweep.runs[index];
  std::vector<std::string> names;
  for (const SweepRun& run : sweep.runs) names.push_back(run.name);
  const std::string nearest = NearestName(member, names);
  throw ConfigError(Concat("--member ", member, ": the config is ", sweep.runs.size(), " runs, 0 to ", sweep.runs.size() - 1,
                           nearest.empty() ? "" : "; the nearest name is " + nearest, " (temper launch CONFIG --dry-run lists them)"));
}

bool IsFinished(const SweepRun& run, const std::string& path, const std::vector<std::string>& overrides) {
  if (!IsDone(run.folder)) return false;
  const Experiment experiment = LoadExperiment(path, Joined(overrides, run));
  return std::all_of(experiment.arms.begin(), experiment.arms.end(), [&](const Arm& arm) {
    const auto before = ReadSettings(RunPaths(run.folder).Arm(arm.name).ResolvedConfig());
    const auto same = [](const ResolvedValue& a, const ResolvedValue& b) { return a.key == b.key && a.value == b.value; };
    return before && std::equal(before->values.begin(), before->values.end(), arm.resolved.values.begin(), arm.resolved.values.end(), same);
  });
}

}  // namespace temper
