#include "record/metrics_file.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <sstream>
#include <utility>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/hash.h"
#include "cluster/base/log.h"
#include "cluster/base/odd_file.h"
#include "cluster/metrics/row_json.h"

namespace temper {
namespace {

constexpr char kMoveAway[] = "put the file back as it was, or move this away to go on without its rows";

}  // namespace

int64_t KeepRows(const std::string& path, const std::function<bool(const std::string& stage, int64_t step)>& keep) {
  RefuseOddFile(path, kMoveAway);
  std::string kept;
  std::istringstream old(std::filesystem::exists(path) ? ReadFile(path, {.what = "metrics", .max_bytes = kMaxDataBytes}) : "");
  int64_t number = 0;
  int64_t damaged = 0;
  for (std::string line; std::getline(old, line);) {
    ++number;
    const auto row = nlohmann::json::parse(line, nullptr, false);
    const auto step = row.is_object() ? row.find("step") : row.end();
    const auto stage = row.is_object() ? row.find("stage") : row.end();
    if (step != row.end() && step->is_number_integer() && (stage == row.end() || stage->is_string())) {
      if (keep(stage == row.end() ? "" : stage->get<std::string>(), step->get<int64_t>())) kept += line + "\n";
    } else if (!old.eof()) {  // the last line may have been cut short by the process's death
      ++damaged;
      TEMPER_LOG(Warn, path, ":", number, ": not a row with a stage and a step, left out");
    }
  }
  WriteFile(path, kept, {.durable = true});
  return damaged;
}

MetricsFile::MetricsFile(std::string path, const std::string& stage, int64_t steps_done) : path_(std::move(path)) {
  KeepRows(path_, [&](const std::string& row_stage, int64_t step) { return row_stage != stage || step <= steps_done; });
}

std::string MetricsFile::Write(const StepRow& row) { return AppendToFile(path_, JsonOf(row).dump() + "\n"); }

MetricsMark MarkMetrics(const std::string& path) {
  if (!std::filesystem::exists(path)) return {};
  FlushToDisk(path);
  const std::string text = ReadFile(path, {.what = "metrics", .max_bytes = kMaxDataBytes});
  return {text.size(), Hash128(text)};
}

void CheckMetrics(const std::string& path, const MetricsMark& mark) {
  if (mark.bytes == 0) return;
  RefuseOddFile(path, kMoveAway);
  if (!std::filesystem::exists(path)) {
    TEMPER_LOG(Warn, path, " is not there: the curves of the report begin where the run goes on");
    return;
  }
  const std::string text = ReadFile(path, {.what = "metrics", .max_bytes = kMaxDataBytes});
  if (text.size() >= mark.bytes && Hash128(std::string_view(text).substr(0, mark.bytes)) == mark.xxh128) return;
  throw ConfigError(Concat(path, ": was changed since the checkpoint that the run goes on from, so the report would show figures that the ",
                           "run never had; put the file back as it was, or move it away to go on without these rows"));
}

std::optional<MetricRow> ParseMetricRow(std::string_view line, std::string* problem) {
  try {
    const auto json = nlohmann::json::parse(line);
    MetricRow row;
    row.stage = json.value("stage", "rl");
    row.step = json.at("step").get<int64_t>();
    row.time = json.value("time", "");
    for (const auto& [name, value] : json.items()) {
      if (value.is_null()) row.nonfinite.push_back(name);
      if (name != "step" && value.is_number() && std::isfinite(value.get<double>())) row.values[name] = value.get<double>();
    }
    return row;
  } catch (const nlohmann::json::exception& error) {
    *problem = error.what();
    return std::nullopt;
  }
}

std::vector<MetricRow> ReadMetrics(const std::string& path) {
  const std::string text = ReadFile(path, {.what = "metrics", .max_bytes = kMaxDataBytes});
  std::map<std::pair<std::string, int64_t>, MetricRow> rows;
  std::vector<std::string> stages;  // in order of appearance
  int64_t line_number = 0;
  for (size_t begin = 0, end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    ++line_number;
    if (end == begin) continue;
    std::string problem;
    auto row = ParseMetricRow(std::string_view(text).substr(begin, end - begin), &problem);
    TEMPER_CHECK(row, path, ":", line_number, ": not a row of metrics: ", problem);
    if (std::find(stages.begin(), stages.end(), row->stage) == stages.end()) stages.push_back(row->stage);
    rows[{row->stage, row->step}] = std::move(*row);
  }
  std::vector<MetricRow> ordered;
  for (const std::string& stage : stages) {
    for (const auto& [key, row] : rows) {
      if (key.first == stage) ordered.push_back(row);
    }
  }
  return ordered;
}

}  // namespace temper
