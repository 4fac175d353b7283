#include "record/best_file.h"

#include <filesystem>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "policy/text/strict_json.h"

namespace temper {
namespace {

constexpr int kMaxBestDepth = 2;

BestStep FromJson(const nlohmann::json& json) {
  BestStep best;
  best.figure = json.at("figure").get<std::string>();
  best.better = ParseEnum<BetterFigure>(json.at("better").get<std::string>());
  best.step = json.at("step").get<int64_t>();
  best.value = json.at("value").get<double>();
  if (json.contains("low")) best.interval = {json.at("low").get<double>(), json.at("high").get<double>()};
  best.evaluations = json.at("evaluations").get<int64_t>();
  best.without = json.at("without").get<int64_t>();
  best.stopped_at = json.at("stopped_at").get<int64_t>();
  return best;
}

}  // namespace

std::string BestStepToJson(const BestStep& best) {
  nlohmann::ordered_json json = {{"figure", best.figure}, {"better", NameOf(best.better)}, {"step", best.step}, {"value", best.value}};
  if (best.interval) json["low"] = best.interval->first, json["high"] = best.interval->second;
  json["evaluations"] = best.evaluations;
  json["without"] = best.without;
  json["stopped_at"] = best.stopped_at;
  return json.dump();
}

BestStep BestStepFromJson(std::string_view text) {
  std::string problem;
  const auto json = ParseStrictJson(text, kMaxBestDepth, &problem);
  if (!json || !json->is_object()) throw ConfigError(Concat("not the best step of an arm: ", problem));
  try {
    return FromJson(*json);
  } catch (const nlohmann::json::exception& error) {
    throw ConfigError(Concat("not the best step of an arm: ", error.what()));
  }
}

void WriteBestStep(const StagePaths& stage, const BestStep& best) {
  WriteFile(stage.BestJson(), BestStepToJson(best) + "\n", {.durable = true});
}

std::optional<BestStep> ReadBestStep(const StagePaths& stage) {
  const std::string path = stage.BestJson();
  if (!std::filesystem::exists(path)) return std::nullopt;
  try {
    return BestStepFromJson(ReadFile(path));
  } catch (const ConfigError& error) {
    throw ConfigError(Concat(path, ": ", error.what(), "; move the file away to go on without it"));
  }
}

}  // namespace temper
