#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cluster/config/reader.h"
#include "learner/learner_options.h"
#include "orchestrator/config/launch_config.h"
#include "policy/model/lora_options.h"
#include "policy/model/transformer_config.h"
#include "reward/compose/advantage.h"
#include "reward/compose/composer.h"
#include "rollout/data/prompt_dataset.h"
#include "rollout/engine/sampling_options.h"
#include "world/world.h"

namespace temper {

// One struct tree = one YAML tree. The defaults here are the defaults of configs/reference.yaml, which is generated from this.
struct RunConfig {
  std::string name = "run";
  int64_t seed = 1;
  std::string dir = "runs";
  bool deterministic = true;
};

struct ClusterConfig {
  int64_t learners = 0;  // 0 = from the number of ranks
  int64_t rollout_workers = 0;
  int64_t reward_workers = 0;
  int64_t learner_threads = 1;
  int64_t rollout_threads = 1;
  std::string device = "auto";  // auto | cpu | cuda
  std::string endpoint = "auto";
  std::string weight_transport = "auto";  // auto | shared_memory | zeromq
  std::string weight_folder = "/dev/shm";
  std::string learner_backend = "auto";  // auto | mpi | nccl | shared
  double start_timeout_s = 60;
  double collective_timeout_s = 600;
  double heartbeat_s = 1;
  double peer_timeout_s = 10;
  double lease_s = 120;
  double step_timeout_s = 900;
  int64_t max_attempts = 20;
};

struct PolicyConfig {
  std::string path;  // Hugging Face folder; "" = from scratch with the shape below
  TransformerConfig shape;
  std::string dtype = "fp32";
  LoraOptions lora;
};

struct DataConfig {
  std::string source = "world";  // world | files
  WorldOptions world;
  std::string path;                         // prompts of `files`
  std::string demonstrations;               // "" = written from the policy spec's templates
  std::string tokenizer = "byte_level";     // byte_level | a folder with tokenizer.json (files, policy from scratch)
  std::map<std::string, std::string> eval;  // set name -> file, of source files; none = a held-out share of `path`
  double eval_fraction = 0.1;
  ColumnMapping columns;
  int64_t bad_row_budget = 0;
  int64_t limit = 0;
  std::string prompt_template = "{prompt}";
  std::string chat_template = "auto";  // auto | none
  std::string system_prompt;
  int64_t max_prompt_tokens = 1024;
  bool stratify_by_intent = true;
};

struct SftConfig {
  int64_t steps = 600;
  int64_t batch_size = 32;
  OptimizerOptions optimizer{
      .lr = 4e-3, .beta1 = 0.9, .beta2 = 0.98, .weight_decay = 0.01, .warmup_steps = 30, .schedule = "cosine", .final_lr_fraction = 0.05};
  int64_t max_tokens = 1024;   // longer demonstrations are left out and counted
  std::string turns = "last";  // last | all
};

struct RlConfig {
  int64_t steps = 80;
  int64_t prompts_per_step = 24;
  int64_t max_staleness = 0;
  bool resample_dead_groups = true;
  int64_t max_resampled_per_step = 24;
  AdvantageOptions advantage;
  RlOptions loss;
  OptimizerOptions optimizer{.lr = 1e-3, .beta1 = 0.9, .beta2 = 0.95, .warmup_steps = 5, .schedule = "linear", .final_lr_fraction = 0.1};
};

struct RolloutConfig {
  int64_t group_size = 8;
  int64_t slots = 64;
  std::string dtype = "fp32";
  bool cuda_graphs = true;
  SamplingOptions sampling;
};

struct RewardConfig {
  std::string policy_spec;
  ComposerOptions composer;
  double max_failed_fraction = 0.2;
  double grader_timeout_s = 60;
};

struct EvalConfig {
  std::vector<std::string> sets;  // empty = all, of the built-in world all but dev
  int64_t samples_per_prompt = 4;
  int64_t prompts_per_set = 0;  // 0 = all
  double temperature = 1.0;
  int64_t bootstrap_draws = 1000;
  bool at_start = true;
};

struct CheckpointConfig {
  int64_t every = 20;
  int64_t keep = 2;
  int64_t sft_every = 200;
};

struct MonitorConfig {
  std::string progress = "auto";  // auto | bar | plain | none
  int64_t traces_every = 10;
  int64_t traces_per_step = 4;
  double cluster_log_s = 1;
  int64_t cluster_log_mib = 128;
  bool tensorboard = true;
  int64_t prometheus_port = 0;  // 0 = off
  std::string prometheus_address = "127.0.0.1";
};

struct LearnerConfig {
  int64_t micro_batch_tokens = 8192;
  bool recompute_activations = false;
};

// Points in the space of settings, each a run of its own (orchestrator/launch/sweep.h).
struct SweepConfig {
  std::vector<OverrideAxis> grid;
  std::vector<OverrideSet> list;
};

struct ExperimentConfig {
  RunConfig run;
  std::vector<std::string> stages = {"sft", "rl", "eval"};
  std::vector<std::pair<std::string, std::map<std::string, std::string>>> arms;
  std::vector<int64_t> seeds;  // each a run of its own; empty = run.seed alone
  SweepConfig sweep;
  ClusterConfig cluster;
  PolicyConfig policy;
  DataConfig data;
  LearnerConfig learner;
  SftConfig sft;
  RlConfig rl;
  RolloutConfig rollout;
  RewardConfig reward;
  EvalConfig eval;
  CheckpointConfig checkpoint;
  MonitorConfig monitor;
  LaunchConfig launch;

  bool HasStage(const std::string& stage) const;
};

// All defaults: what an empty file gives, but for reward.policy_spec, which has none.
ExperimentConfig DefaultExperiment();

void Describe(ExperimentConfig& config, ConfigFields& fields);

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
