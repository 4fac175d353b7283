#include "record/suites/suite_file.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/utf8.h"
#include "policy/text/strict_json.h"

namespace temper {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kEnding[] = ".suite.json";

Json ToJson(const Estimate& e) {
  if (!e.present) return nullptr;
  const auto bound = [](double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); };
  return {{"mean", e.mean}, {"low", bound(e.low)}, {"high", bound(e.high)}, {"n", e.n}, {"completions", e.completions}, {"few", e.few}};
}

Json ToJson(const std::vector<SuiteFigure>& figures) {
  Json list = Json::array();
  for (const SuiteFigure& figure : figures) {
    list.push_back({{"name", figure.name},
                    {"meaning", figure.meaning},
                    {"cell", RepairUtf8(figure.cell)},
                    {"judge", NameOf(figure.judge)},
                    {"estimate", ToJson(figure.estimate)},
                    {"flagged", figure.flagged},
                    {"note", RepairUtf8(figure.note)}});
  }
  return list;
}

Estimate EstimateOf(const nlohmann::json& json) {
  Estimate e;
  if (json.is_null()) return e;
  e.present = true;
  e.mean = json.at("mean").get<double>();
  if (!json.at("low").is_null()) e.low = json.at("low").get<double>();
  if (!json.at("high").is_null()) e.high = json.at("high").get<double>();
  e.n = json.at("n").get<int64_t>(), e.completions = json.at("completions").get<int64_t>();
  e.few = json.at("few").get<bool>();
  return e;
}

std::vector<SuiteFigure> FiguresOf(const nlohmann::json& list) {
  std::vector<SuiteFigure> figures;
  for (const nlohmann::json& each : list) {
    figures.push_back({each.at("name").get<std::string>(), each.at("meaning").get<std::string>(), each.at("cell").get<std::string>(),
                       ParseEnum<SuiteJudge>(each.at("judge").get<std::string>()), EstimateOf(each.at("estimate")),
                       each.at("flagged").get<bool>(), each.at("note").get<std::string>()});
  }
  return figures;
}

SuiteResult ResultOf(const nlohmann::json& json) {
  SuiteResult result;
  const auto text = [&](const char* key, std::string* to) { *to = json.at(key).get<std::string>(); };
  const auto count = [&](const char* key, int64_t* to) { *to = json.at(key).get<int64_t>(); };
  text("suite", &result.suite), text("licence", &result.licence), text("judge_note", &result.judge_note);
  text("answered_by", &result.answered_by), text("graded_by", &result.graded_by), text("words", &result.words);
  count("prompts", &result.num_prompts), count("answered", &result.num_answered), count("answers", &result.num_answers);
  count("ungraded", &result.num_ungraded), count("truncated", &result.num_truncated);
  result.own = FiguresOf(json.at("own")), result.ours = FiguresOf(json.at("ours"));
  for (const nlohmann::json& point : json.at("points")) {
    result.points.push_back(
        {ParseEnum<SuiteJudge>(point.at("judge").get<std::string>()), EstimateOf(point.at("over_refusal")), EstimateOf(point.at("right"))});
  }
  return result;
}

}  // namespace

std::string SuiteResultJson(const SuiteResult& result) {
  Json json = {{"suite", result.suite},
               {"licence", result.licence},
               {"judge_note", result.judge_note},
               {"answered_by", RepairUtf8(result.answered_by)},
               {"graded_by", RepairUtf8(result.graded_by)},
               {"words", result.words},
               {"prompts", result.num_prompts},
               {"answered", result.num_answered},
               {"answers", result.num_answers},
               {"ungraded", result.num_ungraded},
               {"truncated", result.num_truncated},
               {"own", ToJson(result.own)},
               {"ours", ToJson(result.ours)},
               {"points", Json::array()}};
  for (const SuitePoint& point : result.points)
    json["points"].push_back(
        {{"judge", NameOf(point.judge)}, {"over_refusal", ToJson(point.over_refusal)}, {"right", ToJson(point.right)}});
  return json.dump(1);
}

void WriteSuiteResult(const std::string& folder, const SuiteResult& result) {
  WriteFile(std::filesystem::path(folder) / (result.suite + kEnding), SuiteResultJson(result) + "\n");
}

std::vector<SuiteResult> ReadSuiteResults(const std::string& folder) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().string().ends_with(kEnding)) paths.push_back(entry.path().string());
  std::sort(paths.begin(), paths.end());
  std::vector<SuiteResult> results;
  for (const std::string& path : paths) {
    const nlohmann::json json = ReadJsonObject(path);
    try {
      results.push_back(ResultOf(json));
    } catch (const std::exception& error) {
      throw ConfigError(Concat(path, ": not the figures of a suite: ", error.what(), "; move the file away"));
    }
  }
  return results;
}

}  // namespace temper
