#include "record/attack_record.h"

#include <cmath>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "policy/text/strict_json.h"

namespace temper {
namespace {

using Json = nlohmann::ordered_json;

constexpr uint64_t kMaxBytes = uint64_t{16} << 20;
constexpr int kMaxDepth = 8;

Json BoundOf(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json ShareOf(const Estimate& estimate) {
  if (!estimate.present) return nullptr;
  return {{"value", estimate.mean}, {"low", BoundOf(estimate.low)}, {"high", BoundOf(estimate.high)}, {"answers", estimate.n}};
}

double ShareIn(const Json& value, const char* what) {
  if (!value.is_number() || !(value.get<double>() >= 0 && value.get<double>() <= 1))
    throw ConfigError(Concat(what, ": not a number from 0 to 1"));
  return value.get<double>();
}

void PutShare(const std::string& name, const Json& share, GraderMeasurement* measured) {
  if (share.is_null()) return;
  measured->figures.emplace_back(name, ShareIn(share.at("value"), "value"));
  if (!share.at("low").is_null()) measured->figures.emplace_back(name + "_low", ShareIn(share.at("low"), "low"));
  if (!share.at("high").is_null()) measured->figures.emplace_back(name + "_high", ShareIn(share.at("high"), "high"));
}

AttackSummary FromJson(const Json& json) {
  if (!json.is_object() || !json.contains("attack_record")) throw ConfigError("not a record of temper attack-grader");
  if (json.at("attack_record") != kAttackRecordVersion)
    throw ConfigError(
        Concat("a record of version ", json.at("attack_record").dump(), "; this program reads version ", kAttackRecordVersion));
  AttackSummary summary;
  const Json& data = json.at("data");
  summary.grader_id = json.at("grader").at("id").get<std::string>();
  GraderMeasurement& measured = summary.measured;
  for (const Json& file : data.at("files")) measured.dataset += Concat(measured.dataset.empty() ? "" : ", ", file.get<std::string>());
  measured.rows = data.at("answers").get<int64_t>();
  measured.compared = "answers made to fool it";
  measured.date = json.at("date").get<std::string>().substr(0, 10);
  PutShare("fooled", json.at("all"), &measured);
  for (const Json& family : json.at("families")) {
    if (family.at("fooled").is_null()) continue;
    measured.figures.emplace_back("fooled_" + family.at("family").get<std::string>(), ShareIn(family.at("fooled").at("value"), "fooled"));
  }
  return summary;
}

}  // namespace

std::string AttackRecordToJson(const AttackRecord& r) {
  Json families = Json::array();
  for (const FamilySuccess& family : r.success.families) {
    Json by_attack = Json::object();
    for (const auto& [name, share] : family.by_attack) by_attack[name] = share;
    families.push_back({{"family", family.family},
                        {"kind", family.kind == AttackKind::kHollow ? "hollow" : "carrier"},
                        {"attacks", family.attacks},
                        {"fooled", ShareOf(family.fooled)},
                        {"by_attack", std::move(by_attack)}});
  }
  const Json json = {{"attack_record", kAttackRecordVersion},
                     {"grader", {{"name", r.grader}, {"type", r.type}, {"id", r.grader_id}}},
                     {"data", {{"hash", r.data_hash}, {"files", r.data_files}, {"answers", r.answers}, {"caught", r.caught}}},
                     {"date", r.date},
                     {"temper", r.temper},
                     {"all", ShareOf(r.success.all)},
                     {"families", std::move(families)}};
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

void WriteAttackRecord(const std::string& path, const AttackRecord& record) {
  WriteFile(path, AttackRecordToJson(record), {.durable = true});
}

AttackSummary AttackSummaryFromJson(const std::string& text) {
  std::string problem;
  if (!ParseStrictJson(text, kMaxDepth, &problem)) throw ConfigError(problem);
  try {
    return FromJson(Json::parse(text));
  } catch (const nlohmann::json::exception& error) {
    throw ConfigError(Concat("not a record of temper attack-grader: ", error.what()));
  }
}

AttackSummary ReadAttackRecord(const std::string& path) {
  const std::string text =
      ReadUserFile(path, {.what = "the record of attacks", .hint = "temper attack-grader writes it", .max_bytes = kMaxBytes});
  try {
    return AttackSummaryFromJson(text);
  } catch (const ConfigError& error) {
    throw ConfigError(Concat(path, ": ", error.what()));
  }
}

}  // namespace temper
