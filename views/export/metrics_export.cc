#include "views/export/metrics_export.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <tuple>
#include <vector>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/utc_time.h"
#include "cluster/config/node.h"
#include "cluster/config/resolved.h"
#include "cluster/config/value.h"
#include "record/metrics_file.h"
#include "record/run_json.h"
#include "record/run_paths.h"
#include "views/export/metrics_importers.h"

namespace temper {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

struct Row {
  std::string stage;
  int64_t step = 0;
  int64_t time_s = 0;                                   // since 1970
  std::map<std::string, std::optional<double>> values;  // none = not finite
};

struct Table {
  std::string name;  // path below the run folder: sft, main, main/sft
  std::vector<Row> rows;
};

int64_t SecondsOf(const std::string& text, const std::string& where) {
  const auto seconds = ParseUtc(text);
  if (!seconds) throw ConfigError(Concat(where, ": \"", text, "\" is not a time like 2026-11-21T07:00:00Z"));
  return static_cast<int64_t>(*seconds);
}

Row ParseRow(const std::string& line, const std::string& where) {
  std::string problem = "it names no time";
  const auto parsed = ParseMetricRow(line, &problem);
  if (!parsed || parsed->time.empty()) throw ConfigError(Concat(where, ": not a row of metrics: ", problem));
  Row row{parsed->stage, parsed->step, SecondsOf(parsed->time, where), {}};
  row.values.insert(parsed->values.begin(), parsed->values.end());
  for (const std::string& name : parsed->nonfinite) row.values[name] = std::nullopt;
  return row;
}

void ReadRows(const fs::path& path, std::vector<Row>* rows) {
  std::istringstream file(ReadFile(path, {.what = "metrics", .max_bytes = kMaxDataBytes}));
  int64_t number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (file.eof()) break;  // being written: the line has no end yet
    rows->push_back(ParseRow(line, Concat(path.string(), ":", number)));
  }
}

std::vector<Table> ReadTables(const fs::path& run) {
  if (!IsRunFolder(run)) throw ConfigError(Concat(run.string(), ": no run.json there; give the folder of a run, runs/<name>"));
  std::map<std::string, Table> tables;
  for (const auto& entry : fs::recursive_directory_iterator(run)) {
    const StagePaths stage(entry.path().parent_path());
    if (entry.path() != stage.Metrics() && entry.path() != stage.EvalMetrics()) continue;
    Table& table = tables[fs::relative(entry.path().parent_path(), run).string()];
    ReadRows(entry.path(), &table.rows);
  }
  std::vector<Table> found;
  for (auto& [name, table] : tables) {
    if (table.rows.empty()) continue;
    table.name = name;
    std::stable_sort(table.rows.begin(), table.rows.end(),
                     [](const Row& a, const Row& b) { return std::tie(a.step, a.time_s) < std::tie(b.step, b.time_s); });
    found.push_back(std::move(table));
  }
  if (found.empty()) throw ConfigError(Concat(run.string(), ": no row of metrics yet"));
  return found;
}

// A setting as JSON has it: a number, true, false, text, a list or an object.
ordered_json ToJson(const ConfigNode& node) {
  if (node.kind == ConfigNode::Kind::kScalar && !node.quoted) {
    bool truth = false;
    int64_t whole = 0;
    double real = 0;
    if (ReadConfigBool(node, &truth).empty()) return truth;
    if (ReadConfigInt(node, {}, &whole).empty()) return whole;
    if (ReadConfigReal(node, {}, &real).empty()) return real;
  }
  if (node.kind == ConfigNode::Kind::kScalar) return node.text;
  if (node.kind != ConfigNode::Kind::kList && node.kind != ConfigNode::Kind::kMap) return nullptr;
  ordered_json json = node.kind == ConfigNode::Kind::kList ? ordered_json::array() : ordered_json::object();
  for (const ConfigNode& child : node.children) {
    if (json.is_array())
      json.push_back(ToJson(child));
    else
      json[child.key] = ToJson(child);
  }
  return json;
}

ordered_json TypedSetting(const std::string& yaml) {
  ConfigErrors errors;
  const ConfigNode node = ParseConfigYaml(yaml, "setting", kMaxConfigNodes, &errors);
  return errors.empty() ? ToJson(node) : ordered_json(yaml);
}

// The settings of the table's arm, or of the run for what arms share: dotted key -> text.
ordered_json Settings(const fs::path& run, const std::string& table) {
  const std::string arm = table.substr(0, table.find('/'));
  const RunPaths paths(run);
  const std::string own = paths.Arm(arm).ResolvedConfig();
  const std::string path = fs::exists(own) ? own : paths.ResolvedConfig();
  ordered_json settings = ordered_json::object();
  for (const ResolvedValue& value : ReadResolved(path).values) settings[value.key] = value.value;
  return settings;
}

void WriteCsv(const Table& table, const fs::path& out, std::string* said) {
  std::set<std::string> names;
  for (const Row& row : table.rows) {
    for (const auto& [name, value] : row.values) names.insert(name);
  }
  std::ostringstream text;
  text.precision(17);
  text << "stage,step,time";
  for (const std::string& name : names) text << "," << name;
  for (const Row& row : table.rows) {
    text << "\n" << row.stage << "," << row.step << "," << row.time_s;
    for (const std::string& name : names) {
      text << ",";
      const auto found = row.values.find(name);
      if (found == row.values.end()) continue;
      if (found->second) {
        text << *found->second;
      } else {
        text << "nan";
      }
    }
  }
  std::string file = table.name;
  std::replace(file.begin(), file.end(), '/', '_');
  const fs::path path = out / (file + ".csv");
  WriteFile(path, text.str() + "\n");
  *said += Concat(path.string(), ": ", table.rows.size(), " steps, ", names.size(), " metrics\n");
}

void WriteWandb(const fs::path& run, const Table& table, const fs::path& out, std::string* said) {
  const fs::path folder = out / table.name;
  fs::create_directories(folder);
  std::string history;
  ordered_json summary;
  int64_t began = table.rows.front().time_s;  // rows are in the order of steps, which an evaluation's may not follow
  for (const Row& row : table.rows) began = std::min(began, row.time_s);
  for (const Row& row : table.rows) {
    ordered_json line = {{"_step", row.step}, {"_timestamp", row.time_s}, {"_runtime", row.time_s - began}};
    for (const auto& [name, value] : row.values) line[name] = summary[name] = value ? ordered_json(*value) : ordered_json("NaN");
    history += line.dump() + "\n";
  }
  WriteFile(folder / "history.jsonl", history);
  ordered_json settings = Settings(run, table.name);
  for (auto& [key, value] : settings.items()) value = TypedSetting(value.get<std::string>());
  WriteFile(folder / "config.json", settings.dump(1) + "\n");
  WriteFile(folder / "summary.json", summary.dump(1) + "\n");
  *said += Concat(folder.string(), ": ", table.rows.size(), " steps\n");
}

void WriteMlflow(const fs::path& run, const Table& table, const fs::path& out, std::string* said) {
  const fs::path folder = out / table.name;
  fs::create_directories(folder);
  std::string lines;
  int64_t count = 0;
  for (const Row& row : table.rows) {
    for (const auto& [name, value] : row.values) {
      if (!value) continue;  // MLflow's databases take no NaN in every version
      lines += ordered_json({{"key", name}, {"value", *value}, {"timestamp", row.time_s * 1000}, {"step", row.step}}).dump() + "\n";
      ++count;
    }
  }
  WriteFile(folder / "metrics.jsonl", lines);
  WriteFile(folder / "params.json", Settings(run, table.name).dump(1) + "\n");
  const ordered_json tags = {{"mlflow.runName", run.filename().string() + "/" + table.name}, {"temper.run", run.string()}};
  WriteFile(folder / "tags.json", tags.dump(1) + "\n");
  *said += Concat(folder.string(), ": ", count, " values\n");
}

}  // namespace

std::string ExportMetrics(const std::string& run_folder, const std::string& format, const std::string& out) {
  const fs::path run = fs::absolute(run_folder).lexically_normal();
  const std::vector<Table> tables = ReadTables(run);
  std::error_code failed;
  fs::create_directories(out, failed);
  TEMPER_CHECK(!failed, "--out ", out, ": ", failed.message());
  std::string said;
  for (const Table& table : tables) {
    if (format == "csv") WriteCsv(table, out, &said);
    if (format == "wandb") WriteWandb(run, table, out, &said);
    if (format == "mlflow") WriteMlflow(run, table, out, &said);
  }
  if (format == "csv") return said;
  const std::string importer = Concat(out, "/import_", format, ".py");
  WriteFile(importer, format == "wandb" ? WandbImporter() : MlflowImporter());
  return said + importer + ": python3 with " + format + " logs them\n";
}

}  // namespace temper
