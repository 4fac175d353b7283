#include "orchestrator/job/start_checks.h"

#include <filesystem>

#include "cluster/base/error.h"
#include "orchestrator/data/data_store.h"
#include "policy/kernels/compute_device.h"
#include "record/settings.h"
#include "reward/spec/policy_spec.h"

namespace temper {

namespace fs = std::filesystem;

void CheckArmsFit(const Experiment& experiment) {
  const Arm& first = experiment.arms.front();
  for (const Arm& arm : experiment.arms) {
    for (const char* taken : {"sft", "data", "logs", "configs", "tb", "traces", "slurm"}) {
      if (arm.name == taken) throw ConfigError(Concat("arms: ", arm.name, " is the name of a folder of the run; choose another"));
    }
    for (size_t i = 0; i < arm.resolved.values.size() && i < first.resolved.values.size(); ++i) {
      const ResolvedValue& value = arm.resolved.values[i];
      for (const char* prefix :
           {"run.", "cluster.", "launch.", "policy.", "reward.policy_spec", "learner.", "rollout.slots", "rollout.dtype",
            "rollout.cuda_graphs", "data.source", "data.tokenizer", "eval.bootstrap_draws", "monitor.prometheus", "monitor.cluster_log"}) {
        if (value.key.starts_with(prefix) && value.value != first.resolved.values[i].value) {
          throw ConfigError(Concat("arms: ", arm.name, " sets ", value.key, ", which all arms of a job share; run it as a job of its own"));
        }
      }
    }
  }
}

std::filesystem::path StageFolderOf(const std::string& checkpoint) {
  if (checkpoint.empty()) return {};
  const fs::path folder = fs::weakly_canonical(checkpoint).parent_path();
  return folder.filename() == "checkpoints" ? folder.parent_path() : fs::path();
}

void CheckResume(const Experiment& experiment, const std::string& resume) {
  if (resume == "auto" || resume == "never") return;
  if (!fs::exists(resume + "/state.json"))
    throw ConfigError(Concat("--resume ", resume, ": no checkpoint there (auto, never, or a step_<N> folder)"));
  const fs::path run_folder = fs::weakly_canonical(experiment.base.run.dir + "/" + experiment.base.run.name);
  const fs::path stage = StageFolderOf(resume);
  const auto trained = [&](int64_t steps) { return stage / "weights" / Concat("step_", steps); };
  for (const Arm& arm : experiment.arms) {
    const bool rl = stage == run_folder / arm.name;
    if (!rl && stage != run_folder / "sft" && stage != run_folder / arm.name / "sft") continue;
    const fs::path result = trained(rl ? arm.config.rl.steps : arm.config.sft.steps);
    if (!fs::exists(result / "config.json")) return;
    throw ConfigError(Concat("--resume ", resume, ": this stage has come to its end, ", result.string(),
                             ", which would be taken as it is; move that folder away to train from the checkpoint again"));
  }
  throw ConfigError(Concat("--resume ", resume, ": not a checkpoint of this run, ", run_folder.string(),
                           "; those are in checkpoints/ of its folders sft and of its arms"));
}

void CheckInputs(const Experiment& experiment, const std::string& resume) {
  CheckArmsFit(experiment);
  CheckResume(experiment, resume);
  LoadPolicySpec(experiment.base.reward.policy_spec);
  const std::string run_folder = experiment.base.run.dir + "/" + experiment.base.run.name;
  for (const Arm& arm : experiment.arms) {
    if (resume == "auto") CheckSameSettings(run_folder, run_folder + "/" + arm.name, arm.resolved);
    CheckDataFiles(arm.config);
  }
}

void CheckDevice(const ClusterConfig& cluster, bool here) {
  if (cluster.device == DeviceChoice::kCuda && (here || !CudaBuilt())) ComputeDevice(cluster.device, 0);
}

}  // namespace temper
