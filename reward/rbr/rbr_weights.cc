#include "reward/rbr/rbr_weights.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/hash.h"
#include "policy/text/strict_json.h"

namespace temper {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kVersion = 1;
constexpr size_t kMaxBytes = size_t{1} << 20;
constexpr int kMaxFileDepth = 5;
constexpr double kMostAbs = 1e6;  // of a number

// Reads the keys of objects, each into its place; what is of another kind, or of no known key, is a mistake with its place.
class KeyReader {
 public:
  explicit KeyReader(std::string name) : name_(std::move(name)) {}

  using Setter = std::function<void(const std::string& place, const nlohmann::json& value)>;
  void Object(const std::string& place, const nlohmann::json& object, const std::map<std::string, Setter>& keys) const {
    if (!object.is_object()) Fail(place, "expected an object");
    for (const auto& [key, value] : object.items()) {
      const auto setter = keys.find(key);
      if (setter == keys.end()) Fail(Join(place, key), "unknown key");
      setter->second(Join(place, key), value);
    }
  }
  // An object whose keys are names.
  void Entries(const std::string& place, const nlohmann::json& object,
               const std::function<void(const std::string& place, const std::string& key, const nlohmann::json& value)>& add) const {
    if (!object.is_object()) Fail(place, "expected an object");
    for (const auto& [key, value] : object.items()) {
      if (key.empty()) Fail(place, "an empty name");
      add(Join(place, key), key, value);
    }
  }
  double Number(const std::string& place, const nlohmann::json& value) const {
    if (!value.is_number()) Fail(place, "expected a number");
    const double number = value.get<double>();
    if (!(std::abs(number) <= kMostAbs)) Fail(place, Concat("expected a number from ", -kMostAbs, " to ", kMostAbs));
    return number;
  }
  std::string Text(const std::string& place, const nlohmann::json& value) const {
    if (!value.is_string()) Fail(place, "expected a text");
    return value.get<std::string>();
  }
  [[noreturn]] void Fail(const std::string& place, const std::string& what) const {
    throw ConfigError(Concat(name_, ": ", place.empty() ? "" : Quoted(place) + ": ", what));
  }

 private:
  static std::string Join(const std::string& place, const std::string& key) { return place.empty() ? key : place + "." + key; }
  std::string name_;
};

RbrType ReadType(const KeyReader& reader, const std::string& place, const nlohmann::json& value) {
  RbrType type;
  const auto real = [&](double* target) {
    return [&reader, target](const std::string& at, const nlohmann::json& number) { *target = reader.Number(at, number); };
  };
  const auto weights = [&](const std::string& at, const nlohmann::json& object) {
    reader.Entries(at, object, [&](const std::string& where, const std::string& key, const nlohmann::json& number) {
      type.weights[key] = reader.Number(where, number);
    });
  };
  const auto pairs = [&](const std::string& at, const nlohmann::json& number) {
    if (!number.is_number_unsigned() || number.get<uint64_t>() > uint64_t{1} << 40) reader.Fail(at, "expected a count");
    type.pairs = number.get<int64_t>();
  };
  reader.Object(place, value,
                {{"weights", weights},
                 {"low", real(&type.low)},
                 {"high", real(&type.high)},
                 {"pairs", pairs},
                 {"order_accuracy", real(&type.order_accuracy)}});
  if (type.weights.empty()) reader.Fail(place, "weights: at least one is needed");
  if (!(type.low < type.high)) reader.Fail(place, "low must be below high");
  return type;
}

}  // namespace

RbrWeights ParseRbrWeights(std::string_view text, const std::string& name) {
  const KeyReader reader(name);
  if (text.size() > kMaxBytes) reader.Fail("", Concat("a file of ", text.size(), " bytes; at most ", kMaxBytes, " are read"));
  std::string error;
  const auto root = ParseStrictJson(text, kMaxFileDepth, &error);
  if (!root) reader.Fail("", "no weights of rule-based rewards: " + error);
  RbrWeights weights;
  double version = 0;
  reader.Object("", *root,
                {{"temper_rbr", [&](const std::string& at, const nlohmann::json& value) { version = reader.Number(at, value); }},
                 {"policy", [&](const std::string& at, const nlohmann::json& value) { weights.policy = reader.Text(at, value); }},
                 {"data", [&](const std::string& at, const nlohmann::json& value) { weights.data = reader.Text(at, value); }},
                 {"types", [&](const std::string& at, const nlohmann::json& value) {
                    reader.Entries(at, value, [&](const std::string& where, const std::string& key, const nlohmann::json& entry) {
                      weights.types[key] = ReadType(reader, where, entry);
                    });
                  }}});
  if (version != kVersion) reader.Fail("temper_rbr", Concat("expected version ", kVersion));
  if (weights.types.empty()) reader.Fail("types", "at least one response type is needed");
  weights.hash = Hash128(text);
  return weights;
}

std::string RbrWeightsJson(const RbrWeights& weights) {
  Json root;
  root["temper_rbr"] = kVersion;
  root["policy"] = weights.policy;
  root["data"] = weights.data;
  for (const auto& [name, type] : weights.types) {
    Json& entry = root["types"][name];
    for (const auto& [proposition, weight] : type.weights) entry["weights"][proposition] = weight;
    entry["low"] = type.low;
    entry["high"] = type.high;
    entry["pairs"] = type.pairs;
    entry["order_accuracy"] = type.order_accuracy;
  }
  return root.dump(1) + "\n";
}

double RbrScore(const RbrType& type, const std::map<std::string, double>& values) {
  double score = 0;
  for (const auto& [proposition, weight] : type.weights) {
    const auto value = values.find(proposition);
    if (value != values.end()) score += weight * value->second;
  }
  return score;
}

double RbrReward(const RbrType& type, const std::map<std::string, double>& values) {
  return std::clamp((RbrScore(type, values) - type.low) / (type.high - type.low), 0.0, 1.0);
}

}  // namespace temper
