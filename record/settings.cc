#include "record/settings.h"

#include <algorithm>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <optional>
#include <vector>

#include "cluster/base/error.h"
#include "cluster/base/log.h"
#include "cluster/base/odd_file.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxSettingsShown = 3;

// Beginnings of the keys that what is there depends on.
std::vector<std::string> KeysInUse(const StagesBegun& begun) {
  std::vector<std::string> keys;
  const auto add = [&](std::initializer_list<const char*> more) { keys.insert(keys.end(), more.begin(), more.end()); };
  if (begun.any()) add({"run.seed", "policy.", "data.", "sft.", "learner."});
  if (begun.eval || begun.rl) add({"rollout.", "reward."});
  if (begun.eval) add({"eval.samples_per_prompt", "eval.prompts_per_set", "eval.temperature"});
  if (begun.rl) add({"rl."});
  return keys;
}

}  // namespace

std::optional<ResolvedConfig> ReadSettings(const std::string& path) {
  try {
    return ReadResolved(path);
  } catch (const ConfigError& error) {
    TEMPER_LOG(Warn, "the settings of an earlier start cannot be told: ", error.what());
    return std::nullopt;
  }
}

StagesBegun WhatHasBegun(const RunPaths& run, const std::string& arm_name) {
  const ArmPaths arm = run.Arm(arm_name);
  return {.sft = IsAnythingAt(run.Sft().Metrics()) || IsAnythingAt(arm.Sft().Metrics()),
          .eval = IsAnythingAt(arm.Eval(EvalTime::kEnd).folder()),
          .rl = IsAnythingAt(arm.Metrics())};
}

void CheckSameSettings(const RunPaths& run, const std::string& arm_name, const ResolvedConfig& now) {
  const ArmPaths arm = run.Arm(arm_name);
  const std::string path = arm.ResolvedConfig();
  const std::vector<std::string> in_use = KeysInUse(WhatHasBegun(run, arm_name));
  if (in_use.empty() || !fs::exists(path)) return;
  const auto before = ReadSettings(path);
  if (!before) return;
  std::map<std::string, std::string> values;
  for (const ResolvedValue& value : before->values) values[value.key] = value.value;
  std::string differing;
  size_t count = 0;
  for (const ResolvedValue& value : now.values) {
    const auto matters = [&](const std::string& begin) { return value.key.starts_with(begin); };
    const auto earlier = values.find(value.key);
    if (earlier == values.end() || earlier->second == value.value || std::none_of(in_use.begin(), in_use.end(), matters)) continue;
    if (++count > kMaxSettingsShown) continue;
    differing += Concat(count > 1 ? "; " : "", value.key, " is ", value.value, ", but ", arm.folder(), " was made with ", earlier->second);
  }
  if (count == 0) return;
  if (count > kMaxSettingsShown) differing += Concat("; and ", count - kMaxSettingsShown, " more");
  throw ConfigError(differing + "; give the run another name (run.name=...), or start it again with --resume never");
}

}  // namespace temper
