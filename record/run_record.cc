#include "record/run_record.h"

#include <filesystem>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "record/best_file.h"
#include "record/run_json.h"
#include "record/run_paths.h"
#include "record/settings.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

// The samples of a folder, which may be absent; a set is called prefix + name.
void ReadEvaluations(const EvalPaths& paths, const std::string& prefix, ArmRecord* arm) {
  for (const std::string& name : paths.Sets()) {
    const std::string set = prefix + name;
    arm->evaluations[set] = ReadEvalSamples(paths.Samples(name));
    EvalMeta meta = ReadEvalMeta(paths.Meta(name));
    const size_t samples = arm->evaluations[set].size();
    TEMPER_CHECK(meta.rewards.empty() || meta.rewards.size() == samples, paths.Meta(name), ": ", meta.rewards.size(), " rewards for ",
                 samples, " samples");
    arm->eval_versions[set] = meta.weight_version;
    arm->eval_hashes[set] = meta.weight_hash;
    arm->eval_rewards[set] = std::move(meta.rewards);
  }
}

void ReadSettingsOf(const std::string& path, ArmRecord* arm) {
  if (!fs::exists(path)) return;
  const auto resolved = ReadSettings(path);
  if (!resolved) return;
  for (const ResolvedValue& value : resolved->values) {
    arm->settings[value.key] = value.value;
    if (!value.names.empty()) arm->named[value.key] = {value.names.begin(), value.names.end()};
  }
}

ArmRecord ReadArm(const RunPaths& run, const RunDescription::Arm& description) {
  const ArmPaths paths = run.Arm(description.name);
  TEMPER_CHECK(fs::is_directory(paths.folder()), paths.folder(), " is missing, though run.json names the arm '", description.name, "'");
  ArmRecord arm;
  arm.name = description.name;
  arm.overrides = description.overrides;
  ReadSettingsOf(paths.ResolvedConfig(), &arm);
  const bool trained = fs::exists(paths.Metrics());
  if (trained) arm.metrics = ReadMetrics(paths.Metrics());
  arm.best = ReadBestStep(paths);
  ReadEvaluations(paths.Eval(EvalTime::kEnd), "", &arm);
  ReadEvaluations(paths.Eval(EvalTime::kStart), "start/", &arm);
  if (const auto before = ReadAnswerScores(paths.Eval(EvalTime::kStart).AnswerScores())) arm.answers_before = before->scores;
  if (const auto after = ReadAnswerScores(paths.Eval(EvalTime::kEnd).AnswerScores())) arm.answers_after = after->scores;
  TEMPER_CHECK(trained || !arm.evaluations.empty(), paths.folder(), " has neither metrics.jsonl nor eval/<set>.jsonl: the arm '", arm.name,
               "' has not run, or its files were removed");
  return arm;
}

}  // namespace

RunRecord ReadRunRecord(const std::string& run_folder) {
  TEMPER_CHECK(fs::is_directory(run_folder), run_folder, " is not a folder; give the folder of a run, runs/<name>");
  const RunPaths paths(run_folder);
  const RunDescription run = ReadRunDescription(run_folder);
  RunRecord record;
  record.name = run.name;
  record.seed = run.seed;
  record.policy_name = run.policy_spec;
  record.grader = run.grader;
  record.built_in_world = run.built_in_world;
  record.left_out = run.left_out;
  record.environment = {run.environment.begin(), run.environment.end()};
  record.eval_sets = run.eval_sets;
  record.origin = ReadOrigin(run_folder);
  if (fs::exists(paths.Sft().Metrics())) record.shared_metrics = ReadMetrics(paths.Sft().Metrics());
  for (const RunDescription::Arm& arm : run.arms) record.arms.push_back(ReadArm(paths, arm));
  return record;
}

}  // namespace temper
