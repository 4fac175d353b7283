#include "reward/rbr/completions.h"

#include <algorithm>
#include <optional>
#include <set>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/hash.h"
#include "policy/text/strict_json.h"

namespace temper {
namespace {

constexpr int kMaxDepth = 16;
constexpr size_t kMaxLineBytes = size_t{16} << 20;

// The text of a message list's last message, or the text itself.
std::optional<std::string> TextIn(const nlohmann::json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array() || value.empty() || !value.back().is_object()) return std::nullopt;
  const auto content = value.back().find("content");
  if (content == value.back().end() || !content->is_string()) return std::nullopt;
  return content->get<std::string>();
}

// A truth value or a number of [0, 1].
std::optional<double> ShareOf(const nlohmann::json& value) {
  if (value.is_boolean()) return value.get<bool>() ? 1.0 : 0.0;
  if (!value.is_number()) return std::nullopt;
  const double number = value.get<double>();
  return number >= 0 && number <= 1 ? std::optional(number) : std::nullopt;
}

class RowParser {
 public:
  RowParser(const CompletionKeys& keys, std::string place) : keys_(keys), place_(std::move(place)) {}

  RatedCompletion Parse(std::string_view line) const {
    if (line.size() > kMaxLineBytes) Fail("", Concat("a row of ", line.size(), " bytes; at most ", kMaxLineBytes, " are read"));
    std::string error;
    const auto row = ParseStrictJson(line, kMaxDepth, &error);
    if (!row) Fail("", error);
    if (!row->is_object()) Fail("", "expected a JSON object on the line");
    RatedCompletion completion{Text(*row, keys_.prompt), Text(*row, keys_.response), "", "", 0, {}, place_};
    if (row->contains(keys_.type)) completion.type = Text(*row, keys_.type);
    completion.group = keys_.group.empty() ? completion.prompt : Text(*row, keys_.group);
    if (keys_.needs_order) completion.order = Order(*row);
    const auto propositions = row->find(keys_.propositions);
    if (propositions != row->end()) completion.propositions = Propositions(*propositions);
    if (keys_.needs_propositions && completion.propositions.empty())
      Fail(keys_.propositions, "expected an object of names and truth values");
    return completion;
  }

 private:
  std::string Text(const nlohmann::json& row, const std::string& key) const {
    const auto value = row.find(key);
    const auto text = value == row.end() ? std::nullopt : TextIn(*value);
    if (!text) Fail(key, "expected a text, or a list of messages {role, content}");
    return *text;
  }
  double Order(const nlohmann::json& row) const {
    const auto value = row.find(keys_.order);
    if (value == row.end() || !value->is_number()) Fail(keys_.order, "expected a number, the higher the better the completion");
    return value->get<double>();
  }
  std::map<std::string, double> Propositions(const nlohmann::json& object) const {
    if (!object.is_object()) Fail(keys_.propositions, "expected an object of names and truth values");
    std::map<std::string, double> values;
    for (const auto& [name, value] : object.items()) {
      const auto share = ShareOf(value);
      if (!share) Fail(keys_.propositions + "." + name, "expected true, false or a number from 0 to 1");
      values[name] = *share;
    }
    return values;
  }
  [[noreturn]] void Fail(const std::string& key, const std::string& what) const {
    throw ConfigError(Concat(place_, ": ", key.empty() ? "" : key + ": ", what));
  }

  const CompletionKeys& keys_;
  const std::string place_;
};

double ValueIn(const std::map<std::string, double>& values, const std::string& name) {
  const auto found = values.find(name);
  return found == values.end() ? 0 : found->second;
}

}  // namespace

std::vector<RatedCompletion> ParseCompletions(std::string_view jsonl, const std::string& name, const CompletionKeys& keys) {
  std::vector<RatedCompletion> completions;
  int64_t number = 0;
  for (size_t at = 0; at < jsonl.size();) {
    const size_t end = std::min(jsonl.find('\n', at), jsonl.size());
    const std::string_view line = jsonl.substr(at, end - at);
    at = end + 1;
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    completions.push_back(RowParser(keys, Concat(name, ":", number)).Parse(line));
  }
  if (completions.empty()) throw ConfigError(Concat(name, ": no completions in it"));
  return completions;
}

std::vector<std::string> ResponseTypesOf(const std::vector<RatedCompletion>& completions) {
  std::set<std::string> types;
  for (const RatedCompletion& each : completions) types.insert(each.type);
  const auto without = std::find_if(completions.begin(), completions.end(), [](const RatedCompletion& each) { return each.type.empty(); });
  if (types.size() > 1 && without != completions.end())
    throw ConfigError(Concat(without->place, ": the row has no response type, and other rows have the type '", *types.rbegin(),
                             "'; give every row one, or none"));
  return {types.begin(), types.end()};
}

std::vector<OrderedPair> PairsOf(const std::vector<RatedCompletion>& completions, const std::vector<std::map<std::string, double>>& values,
                                 const std::vector<bool>& taken, const std::string& type, const std::vector<std::string>& propositions) {
  std::map<std::string, std::vector<size_t>> groups;
  for (size_t i = 0; i < completions.size(); ++i)
    if (taken[i] && completions[i].type == type) groups[completions[i].group].push_back(i);
  std::vector<OrderedPair> pairs;
  for (const auto& [group, members] : groups) {
    for (const size_t better : members) {
      for (const size_t worse : members) {
        if (!(completions[better].order > completions[worse].order)) continue;
        OrderedPair& pair = pairs.emplace_back();
        for (const std::string& name : propositions)
          pair.difference.push_back(ValueIn(values[better], name) - ValueIn(values[worse], name));
      }
    }
  }
  return pairs;
}

bool IsKeptBack(const RatedCompletion& completion, double share, uint64_t seed) {
  const uint64_t hash = Hash64(Concat(seed, "\n", completion.group));
  return static_cast<double>(hash >> 11) * 0x1p-53 < share;
}

}  // namespace temper
