#include "record/run_record.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "record/settings.h"

namespace temper {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// Parses, and says where it failed: JSON libraries know the byte, users want the file.
template <typename Read>
auto Parsing(const std::string& where, const char* what, Read read) {
  try {
    return read();
  } catch (const nlohmann::json::exception& error) {
    TEMPER_FAIL(where, ": not ", what, ": ", error.what());
  }
}

std::string TextOf(const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

// A name that becomes part of a path.
void CheckName(const std::string& name, const std::string& where) {
  TEMPER_CHECK(!name.empty() && name != "." && name != ".." && name.find_first_of(std::string("/\\\0", 3)) == std::string::npos, where,
               ": '", name, "' cannot be the name of an arm: it names a folder of the run");
}

MetricRow ParseRow(std::string_view line) {
  const Json json = Json::parse(line);
  MetricRow row;
  row.stage = json.value("stage", "rl");
  row.step = json.at("step").get<int64_t>();
  for (const auto& [key, value] : json.items()) {
    if (key != "step" && value.is_number() && std::isfinite(value.get<double>())) row.values[key] = value.get<double>();
  }
  return row;
}

std::vector<MetricRow> ReadMetrics(const std::string& path) {
  const std::string text = ReadFile(path, {.what = "metrics", .max_bytes = kMaxDataBytes});
  std::map<std::pair<std::string, int64_t>, MetricRow> rows;  // of two rows for one step the later counts
  std::vector<std::string> stages;                            // in order of appearance
  int64_t line_number = 0;
  for (size_t begin = 0, end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    ++line_number;
    if (end == begin) continue;
    const std::string_view line(text.data() + begin, end - begin);
    MetricRow row = Parsing(Concat(path, ":", line_number), "a row of metrics", [&] { return ParseRow(line); });
    if (std::find(stages.begin(), stages.end(), row.stage) == stages.end()) stages.push_back(row.stage);
    rows[{row.stage, row.step}] = std::move(row);
  }
  std::vector<MetricRow> ordered;
  for (const std::string& stage : stages) {
    for (const auto& [key, row] : rows) {
      if (key.first == stage) ordered.push_back(row);
    }
  }
  return ordered;
}

void ReadMeta(const std::string& path, const std::string& set, ArmRecord& arm) {
  const std::string text = ReadFile(path, {.what = "weights and rewards of evaluation '" + set + "'", .max_bytes = kMaxDataBytes});
  Parsing(path, "the description of an evaluation", [&] {
    const Json json = Json::parse(text);
    arm.eval_versions[set] = json.at("weight_version").get<int64_t>();
    arm.eval_hashes[set] = json.value("weight_hash", "");
    std::vector<double> rewards;
    const Json values = json.value("rewards", Json::array());
    for (const Json& value : values) {
      rewards.push_back(value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>());
    }
    const size_t samples = arm.evaluations.at(set).size();
    TEMPER_CHECK(rewards.empty() || rewards.size() == samples, path, ": ", rewards.size(), " rewards for ", samples, " samples");
    arm.eval_rewards[set] = std::move(rewards);
    return 0;
  });
}

// Every <set>.jsonl of `folder`, which may be absent; the set is called prefix + name.
void ReadEvaluations(const fs::path& folder, const std::string& prefix, ArmRecord& arm) {
  if (!fs::is_directory(folder)) return;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".jsonl") continue;
    const std::string set = prefix + entry.path().stem().string();
    arm.evaluations[set] = ReadEvalSamples(entry.path().string());
    ReadMeta((folder / (entry.path().stem().string() + ".meta.json")).string(), set, arm);
  }
}

ArmRecord ReadArm(const fs::path& run, const Json& description) {
  ArmRecord arm;
  arm.name = description.at("name").get<std::string>();
  CheckName(arm.name, (run / "run.json").string());
  const Json overrides = description.value("overrides", Json::object());
  for (const auto& [key, value] : overrides.items()) arm.overrides.emplace_back(key, TextOf(value));
  const fs::path folder = run / arm.name;
  TEMPER_CHECK(fs::is_directory(folder), folder.string(), " is missing, though run.json names the arm '", arm.name, "'");
  const fs::path settings = folder / "configs" / "resolved.yaml";
  if (fs::exists(settings)) {
    if (const auto resolved = ReadSettings(settings.string())) {
      for (const ResolvedValue& value : resolved->values) arm.settings[value.key] = value.value;
    }
  }
  const fs::path metrics = folder / "metrics.jsonl";
  if (fs::exists(metrics)) arm.metrics = ReadMetrics(metrics.string());
  ReadEvaluations(folder / "eval", "", arm);
  ReadEvaluations(folder / "eval" / "start", "start/", arm);
  TEMPER_CHECK(fs::exists(metrics) || !arm.evaluations.empty(), folder.string(),
               " has neither metrics.jsonl nor eval/<set>.jsonl: the arm '", arm.name, "' has not run, or its files were removed");
  return arm;
}

}  // namespace

RunRecord ReadRunRecord(const std::string& run_folder) {
  const fs::path run(run_folder);
  TEMPER_CHECK(fs::is_directory(run), run_folder, " is not a folder; give the folder of a run, runs/<name>");
  const std::string path = (run / "run.json").string();
  const std::string text = ReadFile(path, {.what = "the run's description", .hint = "is this the folder of a run, runs/<name>?"});
  return Parsing(path, "the description of a run", [&] {
    const Json json = Json::parse(text);
    RunRecord record;
    record.name = json.at("name").get<std::string>();
    record.seed = json.at("seed").get<uint64_t>();
    record.policy_name = json.value("policy_spec", "");
    record.built_in_world = json.value("built_in_world", false);
    const Json environment = json.value("environment", Json::object()), sets = json.value("eval_sets", Json::array());
    for (const auto& [key, value] : environment.items()) record.environment[key] = TextOf(value);
    for (const Json& set : sets) record.eval_sets.push_back(set.get<std::string>());
    record.origin = ReadOrigin(run_folder);
    const fs::path shared = run / "sft" / "metrics.jsonl";
    if (fs::exists(shared)) record.shared_metrics = ReadMetrics(shared.string());
    for (const Json& arm : json.at("arms")) record.arms.push_back(ReadArm(run, arm));
    TEMPER_CHECK(!record.arms.empty(), path, ": arms: empty; a run has at least one arm");
    const auto draws = record.arms.front().settings.find("eval.bootstrap_draws");
    if (draws != record.arms.front().settings.end()) record.bootstrap_draws = std::stoll(draws->second);
    return record;
  });
}

}  // namespace temper
