#include "orchestrator/job/start_checks.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "cluster/base/error.h"
#include "orchestrator/data/data_files.h"
#include "orchestrator/data/data_store.h"
#include "orchestrator/job/qualified.h"
#include "orchestrator/stages/best_keeper.h"
#include "policy/kernels/compute_device.h"
#include "record/checkpoint.h"
#include "record/journal.h"
#include "record/run_json.h"
#include "record/run_paths.h"
#include "record/settings.h"
#include "reward/graders/panel.h"
#include "reward/spec/policy_spec.h"

namespace temper {
namespace {

RunPaths RunOf(const Experiment& experiment) { return RunsPaths(experiment.base.run.dir).Run(experiment.base.run.name); }

}  // namespace

namespace fs = std::filesystem;

void CheckArmsFit(const Experiment& experiment) {
  std::map<std::string, std::string> shared;
  for (const ResolvedValue& value : experiment.resolved.values) {
    if (IsSharedByArms(value.key)) shared[value.key] = value.value;
  }
  for (const Arm& arm : experiment.arms) {
    for (const ResolvedValue& value : arm.resolved.values) {
      const auto found = shared.find(value.key);
      if (found == shared.end() || found->second == value.value) continue;
      throw ConfigError(Concat("arms: ", arm.name, " sets ", value.key,
                               ", which all arms of a job share; set it outside of arms, or run the arm as a job of its own"));
    }
  }
}

std::string CheckOverrides(const Experiment& experiment) {
  std::string beaten;
  for (const ResolvedValue& value : experiment.resolved.values) {
    if (!value.source.starts_with("override ")) continue;
    std::string arms;
    size_t count = 0;
    for (const Arm& arm : experiment.arms) {
      const auto& own = arm.resolved.values;
      const auto found = std::find_if(own.begin(), own.end(), [&](const ResolvedValue& each) { return each.key == value.key; });
      if (found == own.end() || found->value == value.value) continue;
      arms += Concat(count++ > 0 ? ", " : "", arm.name, " (", found->value, ")");
    }
    if (count == 0) continue;
    if (count == experiment.arms.size()) {
      throw ConfigError(Concat(value.source, " would change nothing: every arm has a ", value.key, " of its own: ", arms,
                               "; change it under arms: of the config, or leave the arms out with arms=null"));
    }
    beaten += Concat(value.source, " does not count in arms with a ", value.key, " of their own: ", arms, "\n");
  }
  return beaten;
}

void CheckRows(const Experiment& experiment) {
  const PolicySpec spec = PolicySpecOf(experiment.base.reward.policy_spec);
  std::set<std::string> told;
  for (const Arm& arm : experiment.arms) {
    if (arm.config.data.source == DataSource::kWorld) continue;  // the job writes it
    TellRemarks(LoadData(arm.config, spec, EnsureWorld(arm.config, "")), &told);
  }
}

std::string StageFolderOf(const std::string& checkpoint) {
  return checkpoint.empty() ? "" : StageOfCheckpoint(fs::weakly_canonical(checkpoint));
}

void CheckResume(const Experiment& experiment, const std::string& resume) {
  if (resume == "auto" || resume == "never") return;
  if (!IsCheckpoint(resume)) throw ConfigError(Concat("--resume ", resume, ": no checkpoint there (auto, never, or a step_<N> folder)"));
  const RunPaths run(fs::weakly_canonical(RunOf(experiment).folder()));
  const StagePaths stage(StageFolderOf(resume));
  for (const Arm& arm : experiment.arms) {
    const ArmPaths paths = run.Arm(arm.name);
    const bool rl = stage.folder() == paths.folder();
    if (!rl && stage.folder() != run.Sft().folder() && stage.folder() != paths.Sft().folder()) continue;
    const std::string result = stage.Weights(rl ? LastStep(arm.config, stage) : arm.config.sft.steps);
    if (!HoldsPolicy(result)) return;
    throw ConfigError(Concat("--resume ", resume, ": this stage is finished, and its result ", result,
                             " would be used as it is; move that folder away to train from the checkpoint again"));
  }
  throw ConfigError(Concat("--resume ", resume, ": not a checkpoint of this run, ", run.folder(),
                           "; those are in checkpoints/ of its folders sft and of its arms"));
}

void CheckFiles(const Experiment& experiment) {
  const RewardConfig& reward = experiment.base.reward;
  PolicySpecOf(reward.policy_spec);
  for (const Arm& arm : experiment.arms) {
    CheckDataFiles(arm.config);
    LoadGold(arm.config.reward.gold, PolicySpecOf(arm.config.reward.policy_spec));
  }
  PlanOf(reward);
  CheckRecords(experiment);
}

void CheckInputs(const Experiment& experiment, const std::string& resume) {
  CheckArmsFit(experiment);
  CheckOverrides(experiment);
  CheckResume(experiment, resume);
  CheckFiles(experiment);
  MakeGraders(PlanOf(experiment.base.reward));
  const RunPaths run = RunOf(experiment);
  if (resume != "never") CheckRunFormat(run.folder());
  for (const Arm& arm : experiment.arms) {
    if (resume == "auto") CheckSameSettings(run, arm.name, arm.resolved);
    if (resume != "never") CheckJournalVersion(run.Arm(arm.name).Journal());
  }
  CheckQualified(experiment);
}

void CheckDevice(const ClusterConfig& cluster, bool here) {
  if (cluster.device == DeviceChoice::kCuda && (here || !CudaBuilt())) ComputeDevice(cluster.device, 0);
}

}  // namespace temper
