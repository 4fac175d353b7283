#include "record/run_json.h"

#include <filesystem>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "record/run_paths.h"

namespace temper {
namespace {

using nlohmann::ordered_json;

ordered_json ObjectOf(const RunDescription::Pairs& pairs) {
  ordered_json object = ordered_json::object();
  for (const auto& [key, value] : pairs) object[key] = value;
  return object;
}

// A value that is no text, as only another program writes it, is told as JSON.
RunDescription::Pairs PairsOf(const ordered_json& object) {
  RunDescription::Pairs pairs;
  for (const auto& [key, value] : object.items()) pairs.emplace_back(key, value.is_string() ? value.get<std::string>() : value.dump());
  return pairs;
}

void AddMeasured(const std::vector<GraderMeasurement>& measured, ordered_json* json) {
  for (const GraderMeasurement& m : measured) {
    ordered_json figures = ordered_json::object();
    for (const auto& [name, value] : m.figures) figures[name] = value;
    (*json)["measured"].push_back({{"dataset", m.dataset},
                                   {"rows", m.rows},
                                   {"compared", m.compared},
                                   {"baseline", m.baseline},
                                   {"date", m.date},
                                   {"figures", std::move(figures)}});
  }
}

ordered_json ToJson(const RunDescription::Grader& grader) {
  ordered_json json = {{"name", grader.name}, {"reads", grader.reads}};
  AddMeasured(grader.measured, &json);
  for (const RunDescription::GraderEntry& e : grader.entries) {
    ordered_json entry = {{"name", e.name},   {"type", e.type}, {"reads", e.reads},
                          {"gives", e.gives}, {"only", e.only}, {"steers", e.steers}};
    AddMeasured(e.measured, &entry);
    json["entries"].push_back(std::move(entry));
  }
  if (!grader.mode_from.empty()) json["mode_from"] = grader.mode_from;
  return json;
}

std::vector<GraderMeasurement> MeasuredOf(const ordered_json& json) {
  std::vector<GraderMeasurement> all;
  const auto measured = json.find("measured");
  if (measured == json.end()) return all;
  for (const ordered_json& each : *measured) {
    GraderMeasurement m{.dataset = each.value("dataset", ""),
                        .rows = each.value("rows", int64_t{0}),
                        .compared = each.value("compared", ""),
                        .baseline = each.value("baseline", ""),
                        .date = each.value("date", ""),
                        .figures = {}};
    for (const auto& [name, value] : each.at("figures").items()) m.figures.emplace_back(name, value.get<double>());
    all.push_back(std::move(m));
  }
  return all;
}

// A run of before graders were recorded has its spec's name alone.
RunDescription::Grader GraderOf(const ordered_json& run, const std::string& policy_spec) {
  const auto found = run.find("grader");
  if (found == run.end()) return {policy_spec.empty() ? "" : "rule/" + policy_spec, ""};
  RunDescription::Grader grader;
  grader.name = found->value("name", "");
  grader.reads = found->value("reads", "");
  grader.measured = MeasuredOf(*found);
  for (const ordered_json& each : found->value("entries", ordered_json::array()))
    grader.entries.push_back({.name = each.at("name").get<std::string>(),
                              .type = each.value("type", ""),
                              .reads = each.value("reads", ""),
                              .gives = each.value("gives", std::vector<std::string>()),
                              .only = each.value("only", ""),
                              .steers = each.value("steers", true),
                              .measured = MeasuredOf(each)});
  grader.mode_from = found->value("mode_from", "");
  return grader;
}

constexpr int kRunFormat = 2;

// "" = of this version.
std::string OtherFormat(const ordered_json& json) {
  if (!json.is_object()) return "";
  const auto format = json.find("format");
  if (format == json.end()) return "of a Temper that counted steps from 0; this one counts from 1";
  return *format == kRunFormat ? "" : Concat("of format ", format->dump(), "; this Temper reads format ", kRunFormat);
}

void CheckArmName(const std::string& name, const std::string& path) {
  TEMPER_CHECK(!name.empty() && name != "." && name != ".." && name.find_first_of(std::string("/\\\0", 3)) == std::string::npos, path,
               ": '", name, "' cannot be the name of an arm: it names a folder of the run");
}

RunDescription RunFromJson(const ordered_json& json) {
  RunDescription run;
  run.name = json.at("name").get<std::string>();
  run.seed = json.at("seed").get<uint64_t>();
  run.policy_spec = json.value("policy_spec", "");
  run.grader = GraderOf(json, run.policy_spec);
  run.built_in_world = json.value("built_in_world", false);
  run.left_out = json.value("left_out", std::vector<std::string>());
  run.environment = PairsOf(json.value("environment", ordered_json::object()));
  run.eval_sets = json.value("eval_sets", std::vector<std::string>());
  for (const ordered_json& arm : json.at("arms"))
    run.arms.push_back({arm.at("name").get<std::string>(), PairsOf(arm.value("overrides", ordered_json::object()))});
  return run;
}

}  // namespace

bool IsRunFolder(const std::string& folder) {
  std::error_code unreadable;
  return std::filesystem::exists(RunPaths(folder).RunJson(), unreadable);
}

void CheckRunFormat(const std::string& run_folder) {
  const std::string path = RunPaths(run_folder).RunJson();
  std::string why_not;
  const ordered_json json = ordered_json::parse(TryReadFile(path, kMaxDataBytes, &why_not).value_or(""), nullptr, false);
  if (const std::string other = OtherFormat(json); !other.empty())
    throw ConfigError(
        Concat(path, ": the run is ", other, ": give the new one another name (run.name=...), or start it again with --resume never"));
}

void WriteRunDescription(const std::string& run_folder, const RunDescription& run) {
  ordered_json json;
  json["format"] = kRunFormat;
  json["name"] = run.name;
  json["seed"] = run.seed;
  json["policy_spec"] = run.policy_spec;
  if (!run.grader.name.empty()) json["grader"] = ToJson(run.grader);
  json["built_in_world"] = run.built_in_world;
  if (!run.left_out.empty()) json["left_out"] = run.left_out;
  json["environment"] = ObjectOf(run.environment);
  if (!run.eval_sets.empty()) json["eval_sets"] = run.eval_sets;
  for (const RunDescription::Arm& arm : run.arms) json["arms"].push_back({{"name", arm.name}, {"overrides", ObjectOf(arm.overrides)}});
  WriteFile(RunPaths(run_folder).RunJson(), json.dump(1) + "\n", {.durable = true});
}

RunDescription ReadRunDescription(const std::string& run_folder) {
  const std::string path = RunPaths(run_folder).RunJson();
  const std::string text = ReadFile(path, {.what = "the run's description", .hint = "is this the folder of a run, runs/<name>?"});
  RunDescription run;
  try {
    const ordered_json json = ordered_json::parse(text);
    if (const std::string other = OtherFormat(json); !other.empty())
      TEMPER_FAIL(path, ": the run is ", other, ": look at it with the Temper that made it, or run it again");
    run = RunFromJson(json);
  } catch (const nlohmann::json::exception& error) {
    TEMPER_FAIL(path, ": not the description of a run: ", error.what());
  }
  TEMPER_CHECK(!run.arms.empty(), path, ": arms: empty; a run has at least one arm");
  for (const RunDescription::Arm& arm : run.arms) CheckArmName(arm.name, path);
  return run;
}

}  // namespace temper
