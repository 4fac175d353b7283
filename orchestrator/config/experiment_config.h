#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cluster/config/reader.h"
#include "evaluation/options.h"
#include "evaluation/prefill.h"
#include "evaluation/promotion.h"
#include "learner/options.h"
#include "orchestrator/config/cluster_options.h"
#include "orchestrator/config/data_options.h"
#include "orchestrator/config/launch_config.h"
#include "orchestrator/config/monitor_options.h"
#include "orchestrator/config/training_options.h"
#include "orchestrator/config/trust_options.h"
#include "policy/model/options.h"
#include "reward/compose/composer_options.h"
#include "reward/graders/entry.h"
#include "reward/graders/panel.h"
#include "rollout/engine/options.h"

namespace temper {

// One struct tree = one YAML tree. Each room describes its own settings beside their struct; this composes them and adds the rules across
// rooms. The defaults in the structs are the defaults of configs/reference.yaml, which is generated from here.

// Identity of a run. Its Describe gives the meaning of each field.
struct RunConfig {
  std::string name = "run";
  int64_t seed = 1;
  std::string dir = "runs";
  bool deterministic = true;
};

// Graders and reward. Its Describe gives the meaning of each field.
struct RewardConfig {
  std::string policy_spec;          // "" = none: graders alone say what is wanted
  std::deque<GraderEntry> graders;  // empty = the rule grader of policy_spec
  CombineOptions combine;
  std::vector<std::string> sees;  // intent, label and other columns: what of a row graders are told beside prompt, answer and category
  ComposerOptions composer;
  GoldConfig gold;
  NoiseConfig noise;
  bool Sees(std::string_view column) const { return std::find(sees.begin(), sees.end(), column) != sees.end(); }
  std::vector<std::string> SeenColumns() const;  // those of `sees` that are neither intent nor label
  double max_failed_fraction = 0.2;
  double grader_timeout_s = 60;
};

// The graders of a job: reward.graders, or that of reward.policy_spec, called by the spec's id. Throws ConfigError.
std::vector<GraderEntry> GradersOf(const RewardConfig& reward);

// What a reward worker of a job makes its graders from, with the content of their files. Throws ConfigError.
GraderPlan PlanOf(const RewardConfig& reward);

// Points in the space of settings, each a run of its own (orchestrator/launch/sweep.h).
struct SweepConfig {
  std::vector<OverrideAxis> grid;
  std::vector<OverrideSet> list;
};

// The defaults are what an empty file gives, but for reward.policy_spec, which has none.
struct ExperimentConfig {
  RunConfig run;
  std::vector<std::string> stages = {"sft", "rl", "eval"};
  std::vector<std::pair<std::string, std::map<std::string, std::string>>> arms;
  std::vector<int64_t> seeds;  // each a run of its own; empty = run.seed alone
  SweepConfig sweep;
  ClusterConfig cluster;
  PolicyConfig policy;
  DataConfig data;
  LearnerOptions learner;  // without what other sections say (orchestrator/config/derived.h)
  SftConfig sft;
  RlConfig rl;
  RolloutConfig rollout;
  RewardConfig reward;
  EvalConfig eval;
  PrefillOptions prefill;  // of the section eval
  PromoteConfig promote;
  CheckpointConfig checkpoint;
  MonitorConfig monitor;
  LaunchConfig launch;

  bool HasStage(const std::string& stage) const;
};

void Describe(ExperimentConfig& config, ConfigFields& fields);

// The settings that all arms of a job share, because its ranks and workers are set up with them.
// Each is a key, or all keys that begin with what stands before a *. The start checks refuse an arm
// that sets one of them; the help of `arms` lists them.
inline constexpr std::string_view kSharedByArms[] = {"run.*",
                                                     "cluster.*",
                                                     "launch.*",
                                                     "policy.*",
                                                     "learner.*",
                                                     "reward.policy_spec",
                                                     "reward.graders*",
                                                     "reward.safety.*",
                                                     "reward.helpfulness.*",
                                                     "reward.mode_from",
                                                     "reward.grader_timeout_s",
                                                     "rollout.slots",
                                                     "rollout.dtype",
                                                     "rollout.cuda_graphs",
                                                     "data.source",
                                                     "data.tokenizer",
                                                     "monitor.prometheus_*",
                                                     "monitor.cluster_log_*",
                                                     "monitor.command*"};

bool IsSharedByArms(std::string_view key);

// One arm of an experiment, resolved: the file, the command line's overrides, then the arm's own.
struct Arm {
  std::string name;
  std::vector<std::pair<std::string, std::string>> overrides;
  ExperimentConfig config;
  ResolvedConfig resolved;
  std::string sft_signature;   // equal for arms that share everything up to the end of SFT
  std::string eval_signature;  // equal for arms that are evaluated on the same prompts, sampled in the same way
};

struct Experiment {
  ExperimentConfig base;
  ResolvedConfig resolved;
  std::vector<Arm> arms;  // at least one; without `arms:` a single one named "main"
};

// Throws ConfigError with every mistake of the file and of every arm.
Experiment LoadExperiment(const std::string& path, const std::vector<std::string>& overrides);

}  // namespace temper
