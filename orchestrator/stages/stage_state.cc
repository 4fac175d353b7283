#include "orchestrator/stages/stage_state.h"

#include <algorithm>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "cluster/base/file.h"
#include "cluster/base/log.h"
#include "cluster/base/odd_file.h"
#include "orchestrator/stages/progress.h"
#include "record/metrics_file.h"

namespace temper {
namespace {

using nlohmann::ordered_json;

void CheckSame(const StageState& expected, const ordered_json& saved, const std::string& folder) {
  const std::string advice = "; give the run another name (run.name=...), or start it again with --resume never";
  if (saved.at("stage") != expected.stage)
    throw ConfigError(Concat(folder, " is of stage ", saved.at("stage").dump(), ", not ", expected.stage));
  if (saved.at("data_digest") != expected.data_digest) {
    throw ConfigError(Concat(folder, " was made with other training data than the config names now", advice));
  }
  const std::map<std::string, std::string> settings = saved.at("settings");
  for (const auto& [key, value] : expected.settings) {
    const auto before = settings.find(key);
    if (before == settings.end() || before->second != value) {
      throw ConfigError(
          Concat(key, " is ", value, ", but ", folder, " was made with ", before == settings.end() ? "none" : before->second, advice));
    }
  }
}

}  // namespace

std::map<std::string, std::string> SettingsOf(const ResolvedConfig& resolved, const std::vector<std::string>& prefixes) {
  std::map<std::string, std::string> settings;
  for (const ResolvedValue& value : resolved.values) {
    const auto begins = [&](const std::string& prefix) { return value.key.starts_with(prefix); };
    if (std::any_of(prefixes.begin(), prefixes.end(), begins)) settings[value.key] = value.value;
  }
  return settings;
}

uint64_t SaveStage(const StageContext& context, CheckpointStore* store, const StageState& state) {
  context.bus->OrderAndWait(ForAll(context, {SaveOrder{std::filesystem::absolute(store->Begin(state.step))}}));
  ordered_json json;
  json["stage"] = state.stage;
  json["step"] = state.step;
  json["data_digest"] = state.data_digest;
  json["composer_state"] = state.composer_state;
  if (!state.best.empty()) json["best"] = ordered_json::parse(state.best);
  json["settings"] = state.settings;
  const MetricsMark metrics = MarkMetrics(context.paths.Metrics());
  json["metrics"] = {{"bytes", metrics.bytes}, {"xxh128", metrics.xxh128}};
  if (state.audit) json["audit"] = {{"rows", state.audit->rows}, {"breaks", state.audit->breaks}, {"link", state.audit->link}};
  return store->Commit(state.step, json.dump(1) + "\n");
}

ResumedStage ResumeStage(const StageContext& context, const CheckpointStore& store, const StageState& expected) {
  const ExperimentConfig& config = *context.config;
  const int64_t steps = expected.stage == "sft" ? config.sft.steps : config.rl.steps;
  Progress progress(config.monitor.progress, context.label, steps);
  std::optional<CheckpointStore::Found> found;
  if (context.resume_folder.empty()) {
    found = store.Latest();
    if (!found && IsAnythingAt(context.paths.Metrics())) progress.Note(ResumeText(0, steps, ""));
    if (!found) return {};
  } else {
    if (const auto wrong = VerifyCheckpoint(context.resume_folder))
      throw ConfigError(Concat("--resume ", context.resume_folder, ": ", *wrong));
    found = CheckpointStore::Found{0, context.resume_folder, ReadCheckpointState(context.resume_folder)};
  }
  const auto saved = ordered_json::parse(found->state_json);
  CheckSame(expected, saved, found->folder);
  if (const auto metrics = saved.find("metrics"); metrics != saved.end())
    CheckMetrics(context.paths.Metrics(), {metrics->at("bytes").get<uint64_t>(), metrics->at("xxh128").get<std::string>()});
  if (const auto audit = saved.find("audit"); audit != saved.end()) {
    CheckAudit(context.paths.Audit(),
               {audit->at("rows").get<int64_t>(), audit->at("breaks").get<int64_t>(), audit->at("link").get<std::string>()});
  }
  context.bus->OrderAndWait(ForAll(context, {LoadOrder{std::filesystem::absolute(found->folder)}}));
  TEMPER_LOG(Info, "resumed from ", found->folder);
  const auto done = saved.at("step").get<int64_t>();
  progress.Note(ResumeText(done, steps, found->folder));
  if (!context.resume_folder.empty()) store.SetAsideAfter(done);
  return {done, saved.at("composer_state").get<std::string>(), BestOfState(found->state_json)};
}

std::string ResumeText(int64_t done, int64_t steps, const std::string& checkpoint) {
  if (checkpoint.empty()) return Concat("begins again at step 1 of ", steps, ": an earlier start left no checkpoint");
  return Concat("goes on at step ", done + 1, " of ", steps, " from ", checkpoint);
}

std::string BestOfState(const std::string& state_json) {
  const auto saved = ordered_json::parse(state_json);
  const auto best = saved.find("best");
  return best == saved.end() ? "" : best->dump();
}

}  // namespace temper
