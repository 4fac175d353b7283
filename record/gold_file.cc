#include "record/gold_file.h"

#include <filesystem>
#include <sstream>
#include <utility>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/log.h"
#include "policy/text/strict_json.h"

namespace temper {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kGoldVersion = 2;
constexpr int kMaxGoldDepth = 4;

std::string LineOf(const GoldBaseline& baseline) {
  return Json({{"gold", kGoldVersion}, {"data", baseline.data_hash}, {"wrong", baseline.wrong}, {"rows", baseline.rows}}).dump() + "\n";
}

std::string LineOf(const GoldStep& step) {
  return Json({{"step", step.step}, {"wrong", step.wrong}, {"probes", step.probes}, {"level", step.level}, {"alarm", step.alarm}}).dump() +
         "\n";
}

void TakeLine(const nlohmann::json& json, GoldRecord* record) {
  if (json.contains("gold")) {
    if (json.at("gold") != kGoldVersion)
      throw ConfigError(Concat("a file of gold probes of version ", json.at("gold").dump(), "; this program reads version ", kGoldVersion,
                               ", in which steps count from 1"));
    record->baseline = GoldBaseline{json.at("data").get<std::string>(), json.at("wrong").get<int64_t>(), json.at("rows").get<int64_t>()};
    return;
  }
  record->steps.push_back({json.at("step").get<int64_t>(), json.at("wrong").get<int64_t>(), json.at("probes").get<int64_t>(),
                           json.at("level").get<double>(), json.at("alarm").get<bool>()});
}

}  // namespace

GoldRecord GoldRecordFromText(const std::string& text) {
  GoldRecord record;
  std::istringstream lines(text);
  std::string problem;
  for (std::string line; std::getline(lines, line) && !lines.eof();) {
    const auto json = ParseStrictJson(line, kMaxGoldDepth, &problem);
    if (!json || !json->is_object()) throw ConfigError(Concat("not a file of gold probes: ", problem));
    try {
      TakeLine(*json, &record);
    } catch (const nlohmann::json::exception& error) {
      throw ConfigError(Concat("not a file of gold probes: ", error.what()));
    }
  }
  return record;
}

GoldFile::GoldFile(std::string path, const std::string& data_hash, int64_t steps_done) : path_(std::move(path)) {
  if (!std::filesystem::exists(path_)) return;
  try {
    GoldRecord record = GoldRecordFromText(ReadFile(path_));
    if (!record.baseline && record.steps.empty()) return;
    if (!record.baseline) throw ConfigError("its first line, which holds the grader's errors at the start, is missing");
    if (record.baseline->data_hash != data_hash) {
      TEMPER_LOG(Warn, path_, ": belongs to other gold answers; a new file replaces it");
      return;
    }
    baseline_ = record.baseline;
    for (const GoldStep& step : record.steps)
      if (step.step <= steps_done) steps_.push_back(step);
    Write();
  } catch (const ConfigError& error) {
    throw ConfigError(
        Concat(path_, ": ", error.what(),
               "; a new start would take the present grader as the baseline. Put the file back as it was, or move it away to ",
               "measure the grader again"));
  }
}

void GoldFile::SetBaseline(const GoldBaseline& baseline) {
  baseline_ = baseline;
  Write();
}

void GoldFile::Add(const GoldStep& step) {
  steps_.push_back(step);
  const std::string error = AppendToFile(path_, LineOf(step));
  if (!error.empty()) TEMPER_LOG(Warn, path_, ": cannot write: ", error);
}

void GoldFile::Write() const {
  std::string text = baseline_ ? LineOf(*baseline_) : "";
  for (const GoldStep& step : steps_) text += LineOf(step);
  const std::string error = TryWriteFile(path_, text);
  if (!error.empty()) TEMPER_LOG(Warn, path_, ": cannot write: ", error);
}

}  // namespace temper
