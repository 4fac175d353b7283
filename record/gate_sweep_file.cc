#include "record/gate_sweep_file.h"

#include <cmath>

#include <nlohmann/json.hpp>

#include "cluster/base/file.h"

namespace temper {
namespace {

using Json = nlohmann::ordered_json;

Json BoundJson(double bound) { return std::isfinite(bound) ? Json(bound) : Json(); }

Json EstimateJson(const Estimate& estimate) {
  if (!estimate.present) return nullptr;
  return {{"mean", estimate.mean}, {"low", BoundJson(estimate.low)}, {"high", BoundJson(estimate.high)}, {"n", estimate.n}};
}

// `one`: 0 for figures that are differences.
template <typename Figures>
Json FiguresJson(const Figures& figures, double one) {
  return {{"unsafe", EstimateJson(UnsafeOf(figures.safety, one))},
          {"over_refusal", EstimateJson(figures.over_refusal)},
          {"utility", EstimateJson(figures.utility)},
          {"help_given_safe", EstimateJson(figures.help_given_safe)}};
}

Json PointJson(const GatePoint& point, const std::vector<std::string>& tokens) {
  Json json;
  if (!point.token.empty()) json = {{"token", point.token}, {"threshold", point.threshold}};
  for (size_t k = 0; k < tokens.size(); ++k) json["shares"][tokens[k]] = point.shares[k];
  json.update(FiguresJson(point.all, 1));
  if (!point.token.empty()) json["less_ungated"] = FiguresJson(point.from_open, 0);
  for (const auto& [category, cell] : point.by_category) json["by_category"][category] = FiguresJson(cell, 1);
  return json;
}

}  // namespace

void WriteGateSweep(const std::string& path, const GateSweep& sweep) {
  Json json = {{"set", sweep.set},
               {"weight_hash", sweep.weight_hash},
               {"tokens", sweep.tokens},
               {"prompts", sweep.prompts},
               {"answers", sweep.answers},
               {"marked", sweep.marked},
               {"ungated", PointJson(sweep.open, sweep.tokens)}};
  json["points"] = Json::array();
  for (const GatePoint& point : sweep.points) json["points"].push_back(PointJson(point, sweep.tokens));
  WriteFile(path, json.dump(1) + "\n", {.durable = true});
}

bool HasGateSweep(const std::string& path, const std::string& weight_hash) {
  std::string reason;
  const Json json = Json::parse(TryReadFile(path, kMaxDataBytes, &reason).value_or(""), nullptr, false);
  return json.is_object() && json.contains("weight_hash") && json["weight_hash"] == weight_hash;
}

}  // namespace temper
