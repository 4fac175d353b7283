#include "orchestrator/job/start_checks.h"

#include <filesystem>
#include <map>
#include <string>

#include "cluster/base/error.h"
#include "orchestrator/data/data_store.h"
#include "policy/kernels/compute_device.h"
#include "record/checkpoint.h"
#include "record/journal.h"
#include "record/run_paths.h"
#include "record/settings.h"
#include "reward/graders/registry.h"
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
    for (const std::string& taken : RunPaths::TakenNames()) {
      if (arm.name == taken) throw ConfigError(Concat("arms: ", arm.name, " is the name of a folder of the run; choose another"));
    }
    for (const ResolvedValue& value : arm.resolved.values) {
      const auto found = shared.find(value.key);
      if (found == shared.end() || found->second == value.value) continue;
      throw ConfigError(Concat("arms: ", arm.name, " sets ", value.key,
                               ", which all arms of a job share; set it outside of arms, or run the arm as a job of its own"));
    }
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
    const std::string result = stage.Weights(rl ? arm.config.rl.steps : arm.config.sft.steps);
    if (!HoldsPolicy(result)) return;
    throw ConfigError(Concat("--resume ", resume, ": this stage has come to its end, ", result,
                             ", which would be taken as it is; move that folder away to train from the checkpoint again"));
  }
  throw ConfigError(Concat("--resume ", resume, ": not a checkpoint of this run, ", run.folder(),
                           "; those are in checkpoints/ of its folders sft and of its arms"));
}

void CheckInputs(const Experiment& experiment, const std::string& resume) {
  CheckArmsFit(experiment);
  CheckResume(experiment, resume);
  MakeGrader(GraderOf(experiment.base.reward, LoadPolicySpec(experiment.base.reward.policy_spec)));
  const RunPaths run = RunOf(experiment);
  for (const Arm& arm : experiment.arms) {
    if (resume == "auto") CheckSameSettings(run, arm.name, arm.resolved);
    if (resume != "never") CheckJournalVersion(run.Arm(arm.name).Journal());
    CheckDataFiles(arm.config);
  }
}

void CheckDevice(const ClusterConfig& cluster, bool here) {
  if (cluster.device == DeviceChoice::kCuda && (here || !CudaBuilt())) ComputeDevice(cluster.device, 0);
}

}  // namespace temper
