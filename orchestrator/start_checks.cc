#include "orchestrator/start_checks.h"

#include <filesystem>

#include "cluster/error.h"
#include "orchestrator/data_store.h"
#include "orchestrator/run_settings.h"
#include "policy/compute_device.h"
#include "reward/policy_spec.h"

namespace temper {

void CheckArmsFit(const Experiment& experiment) {
  const Arm& first = experiment.arms.front();
  for (const Arm& arm : experiment.arms) {
    for (const char* taken : {"sft", "data", "logs", "configs", "tb", "traces", "slurm"}) {
      if (arm.name == taken) throw ConfigError(Concat("arms: ", arm.name, " is the name of a folder of the run; choose another"));
    }
    for (size_t i = 0; i < arm.resolved.values.size() && i < first.resolved.values.size(); ++i) {
      const ResolvedValue& value = arm.resolved.values[i];
      for (const char* prefix : {"run.", "cluster.", "launch.", "policy.", "reward.policy_spec", "rollout.slots", "data.source",
                                 "data.tokenizer", "monitor.prometheus"}) {
        if (value.key.starts_with(prefix) && value.value != first.resolved.values[i].value) {
          throw ConfigError(Concat("arms: ", arm.name, " sets ", value.key, ", which all arms of a job share; run it as a job of its own"));
        }
      }
    }
  }
}

void CheckResume(const std::string& resume) {
  if (resume == "auto" || resume == "never" || std::filesystem::exists(resume + "/state.json")) return;
  throw ConfigError(Concat("--resume ", resume, ": no checkpoint there (auto, never, or a step_<N> folder)"));
}

void CheckInputs(const Experiment& experiment, const std::string& resume) {
  CheckArmsFit(experiment);
  CheckResume(resume);
  LoadPolicySpec(experiment.base.reward.policy_spec);
  const std::string run_folder = experiment.base.run.dir + "/" + experiment.base.run.name;
  for (const Arm& arm : experiment.arms) {
    MakeRewardComposer(arm.config.reward.composer);
    if (resume == "auto") CheckSameSettings(run_folder, run_folder + "/" + arm.name, arm.resolved);
    CheckDataFiles(arm.config);
  }
}

void CheckDevice(const ClusterConfig& cluster, bool here) {
  if (cluster.device == "cuda" && (here || !CudaBuilt())) ComputeDevice(cluster.device, 0);
}

}  // namespace temper
