#include "views/compare/conditions.h"

#include <algorithm>
#include <map>
#include <set>

#include "cluster/base/error.h"

namespace temper {
namespace {

constexpr size_t kMaxKeysInName = 3;

// Says what a run is called, shows or keeps, not what it computes.
bool IsIdentity(const std::string& key) {
  static const std::set<std::string> kKeys = {"run.name", "run.dir", "run.seed", "seeds", "arms"};
  return kKeys.contains(key) || key.starts_with("arms.") || key.starts_with("sweep.") || key.starts_with("monitor.") ||
         key.starts_with("checkpoint.") || key.starts_with("launch.");
}

const ArmRecord& ArmOf(const std::vector<RunRecord>& records, const RunArm& at) { return records[at.run].arms[at.arm]; }

std::string Signature(const ArmRecord& arm) {
  std::string signature = arm.name + "\n";
  for (const auto& [key, value] : arm.settings) {
    if (!IsIdentity(key)) signature += key + "=" + value + "\n";
  }
  return signature;
}

// The last word of the key, and the value without quotes: lr=1e-3.
std::string ShortSetting(const std::string& key, const std::string& value) {
  const bool quoted = value.size() > 1 && value.front() == '"' && value.back() == '"';
  const std::string bare = quoted ? value.substr(1, value.size() - 2) : value;
  return Concat(key.substr(key.rfind('.') + 1), "=", bare.substr(bare.rfind('/') + 1));
}

// Names for conditions whose arms have one name.
void TellApart(const std::vector<RunRecord>& records, const std::vector<size_t>& alike, bool with_arm, std::vector<Condition>* conditions) {
  std::vector<Condition> these;
  for (const size_t i : alike) these.push_back((*conditions)[i]);
  const auto settings = DifferingSettings(records, these);
  for (size_t j = 0; j < these.size(); ++j) {
    std::string name;
    for (const DifferingSetting& setting : settings) name += (name.empty() ? "" : " ") + ShortSetting(setting.key, setting.values[j]);
    if (settings.size() > kMaxKeysInName) name = records[these[j].runs.front().run].name;
    Condition& condition = (*conditions)[alike[j]];
    condition.name = with_arm ? condition.name + " " + name : name;
  }
}

void NameConditions(const std::vector<RunRecord>& records, std::vector<Condition>* conditions) {
  std::map<std::string, std::vector<size_t>> by_arm;
  for (size_t i = 0; i < conditions->size(); ++i) by_arm[(*conditions)[i].name].push_back(i);
  const bool with_arm = by_arm.size() > 1;
  for (const auto& [arm, alike] : by_arm) {
    if (alike.size() > 1) TellApart(records, alike, with_arm, conditions);
  }
}

void CheckSeeds(const std::vector<RunRecord>& records, const Condition& condition) {
  std::map<uint64_t, size_t> runs;
  for (const RunArm& at : condition.runs) {
    const auto [first, fresh] = runs.emplace(records[at.run].seed, at.run);
    const auto& settings = ArmOf(records, at).settings;
    const auto deterministic = settings.find("run.deterministic");
    if (deterministic != settings.end() && deterministic->second == "false") continue;  // repeated, it is another sample
    TEMPER_CHECK(fresh, "runs '", records[first->second].name, "' and '", records[at.run].name,
                 "' have the same settings and the same seed ", records[at.run].seed, ": they are one run done twice; leave one out");
  }
}

}  // namespace

std::vector<Condition> ConditionsOf(const std::vector<RunRecord>& records) {
  TEMPER_CHECK(!records.empty(), "no run to compare; name at least one run folder");
  std::vector<Condition> conditions;
  std::map<std::string, size_t> known;
  for (size_t run = 0; run < records.size(); ++run) {
    for (size_t arm = 0; arm < records[run].arms.size(); ++arm) {
      const auto [at, fresh] = known.emplace(Signature(records[run].arms[arm]), conditions.size());
      if (fresh) conditions.push_back({records[run].arms[arm].name, {}});
      conditions[at->second].runs.push_back({run, arm});
    }
  }
  for (Condition& condition : conditions) {
    std::stable_sort(condition.runs.begin(), condition.runs.end(),
                     [&](const RunArm& a, const RunArm& b) { return records[a.run].seed < records[b.run].seed; });
    CheckSeeds(records, condition);
  }
  NameConditions(records, &conditions);
  return conditions;
}

std::vector<DifferingSetting> DifferingSettings(const std::vector<RunRecord>& records, const std::vector<Condition>& conditions) {
  std::set<std::string> keys;
  for (const Condition& condition : conditions) {
    for (const auto& [key, value] : ArmOf(records, condition.runs.front()).settings) keys.insert(key);
  }
  std::vector<DifferingSetting> differing;
  for (const std::string& key : keys) {
    if (IsIdentity(key)) continue;
    DifferingSetting setting{key, {}};
    for (const Condition& condition : conditions) {
      const auto& settings = ArmOf(records, condition.runs.front()).settings;
      const auto value = settings.find(key);
      setting.values.push_back(value == settings.end() ? "" : value->second);
    }
    const auto& first = setting.values.front();
    if (std::any_of(setting.values.begin(), setting.values.end(), [&](const std::string& value) { return value != first; }))
      differing.push_back(std::move(setting));
  }
  return differing;
}

std::vector<std::pair<RunArm, RunArm>> PairRuns(const std::vector<RunRecord>& records, const Condition& a, const Condition& b) {
  std::vector<std::pair<RunArm, RunArm>> pairs;
  std::vector<bool> used(b.runs.size(), false);
  for (const RunArm& left : a.runs) {
    for (size_t i = 0; i < b.runs.size(); ++i) {
      if (used[i] || records[left.run].seed != records[b.runs[i].run].seed) continue;
      used[i] = true;
      pairs.emplace_back(left, b.runs[i]);
      break;
    }
  }
  if (!pairs.empty()) return pairs;
  for (size_t i = 0; i < std::min(a.runs.size(), b.runs.size()); ++i) pairs.emplace_back(a.runs[i], b.runs[i]);
  return pairs;
}

}  // namespace temper
