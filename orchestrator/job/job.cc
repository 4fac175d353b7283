#include "orchestrator/job/job.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <set>

#include <nlohmann/json.hpp>
#include <unistd.h>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/keyed_random.h"
#include "cluster/base/log.h"
#include "cluster/base/utc_time.h"
#include "cluster/collectives/versions.h"
#include "cluster/host/host_name.h"
#include "cluster/weights/weight_store.h"
#include "orchestrator/config/derived.h"
#include "orchestrator/data/model_files.h"
#include "orchestrator/job/endpoints.h"
#include "orchestrator/job/qualified.h"
#include "orchestrator/job/start_checks.h"
#include "orchestrator/stages/best_keeper.h"
#include "policy/kernels/torch_version.h"
#include "record/checkpoint.h"
#include "record/grading.h"
#include "record/journal.h"
#include "record/provenance.h"
#include "record/settings.h"

namespace temper {

namespace fs = std::filesystem;

namespace {

std::map<std::string, std::string> Versions() {
  return {{"temper", TemperVersion()}, {"torch", TorchVersion()},   {"mpi", MpiVersion()},
          {"zeromq", ZeroMqVersion()}, {"nccl", NcclVersionText()}, {"compiler", CompilerVersion()}};
}

// Adds the files that an arm is made from.
void AddInputs(const ExperimentConfig& config, const DataFiles& files, ProvenanceInput* provenance) {
  const auto add = [&](const std::string& name, const std::string& path) {
    if (path.empty()) return;
    std::vector<std::string>& paths = provenance->inputs[name];
    if (std::find(paths.begin(), paths.end(), path) == paths.end()) paths.push_back(path);
  };
  add("policy_spec", config.reward.policy_spec);
  for (const GraderEntry& grader : config.reward.graders) {
    for (const std::string& file : grader.options->Files()) add("graders", file);
    for (const std::string& file : {grader.record, grader.attacks}) add("records", file);  // they may be measured again meanwhile
  }
  add("gold", config.reward.gold.path);
  add("base_model", config.policy.path);
  add("adapter_base", AdapterBase(config));
  if (config.policy.path.empty() && config.data.source == DataSource::kFiles) add("data", TokenizerFile(config, files));
  for (const std::string& input : files.inputs) add("data", input);
}

std::unique_ptr<CommandFeed> CommandFeedOf(const MonitorConfig& monitor, const std::string& log) {
  if (monitor.command.empty()) return nullptr;
  CommandFeedOptions options;
  options.command = monitor.command;
  options.log = log;
  options.finish_s = monitor.command_finish_s;
  return std::make_unique<CommandFeed>(std::move(options));
}

// What of these inputs the run folder's content of the arm was made from. Until something is graded, the policy spec gives the answers to
// imitate alone, and only where there are no others.
void FixInputs(const DataFiles& files, const StagesBegun& begun, ProvenanceInput* provenance) {
  if (!begun.any()) return;
  provenance->fixed.insert({"base_model", "adapter_base", "data"});
  if (begun.eval || begun.rl || files.demonstrations.empty()) provenance->fixed.insert({"policy_spec", "graders"});
}

}  // namespace

Job::Job(const Experiment& experiment, const RoleLayout& layout, const JobIdentity& identity, ClusterMonitor* monitor)
    : experiment_(experiment),
      layout_(layout),
      identity_(identity),
      monitor_(monitor),
      paths_(identity.run_folder),
      metrics_(EndpointOf(experiment.base, ToString(Role::kOrchestrator), 0, LocalHostName()),
               CommandFeedOf(experiment.base.monitor, paths_.MonitorCommandLog())) {}

void Job::Prepare() {
  CheckArmsFit(experiment_);
  CheckWeightFolder(experiment_.base.cluster.weight_folder);
  CheckFiles(experiment_);
  CheckRunFormat(paths_.folder());
  if (identity_.resume_folder.empty()) {
    for (const Arm& arm : experiment_.arms) CheckSameSettings(paths_, arm.name, arm.resolved);
  }
  CheckQualified(experiment_);
  spec_ = PolicySpecOf(experiment_.base.reward.policy_spec);
  ProvenanceInput provenance{.epoch = identity_.epoch, .inputs = {}, .fixed = {}, .tokenizer_json = {}, .versions = Versions()};
  std::set<std::string> told;
  for (const Arm& arm : experiment_.arms) {
    ArmState state;
    state.arm = &arm;
    state.paths = paths_.Arm(arm.name);
    if (!HoldsPolicy(state.paths.Weights(LastStep(arm.config, state.paths)))) SetAsideIfDamaged(state.paths);
    const DataFiles files = EnsureWorld(arm.config, paths_.folder());
    state.data = LoadData(arm.config, spec_, files);
    TellRemarks(state.data, &told);
    AddInputs(arm.config, files, &provenance);
    FixInputs(files, WhatHasBegun(paths_, arm.name), &provenance);
    fs::create_directories(state.paths.Configs());
    WriteFile(state.paths.ResolvedConfig(), arm.resolved.ToYaml(), {.durable = true});
    arms_.push_back(std::move(state));
  }
  StartFromGrownModel();
  provenance.tokenizer_json = arms_.front().data.tokenizer_json;
  RecordStart(paths_.folder(), provenance);
  WriteFile(paths_.ResolvedConfig(), experiment_.resolved.ToYaml(), {.durable = true});
  WriteFile(paths_.SourceConfig(), ReadFile(experiment_.resolved.files.back()), {.durable = true});
  const RunDescription description = Description();
  monitor_->SetGrading(GradingLine(description.grader));
  WriteRunDescription(paths_.folder(), description);
}

void Job::StartFromGrownModel() {
  if (!experiment_.base.policy.tokens.any()) return;
  const std::string folder = GrownModel(experiment_.base, arms_.front().data.tokenizer_json, paths_.GrownModel());
  experiment_.base.policy.path = folder;
  for (Arm& arm : experiment_.arms) arm.config.policy.path = folder;
}

RunDescription Job::Description() const {
  RunDescription run;
  run.name = experiment_.base.run.name;
  run.seed = static_cast<uint64_t>(experiment_.base.run.seed);
  run.policy_spec = spec_.id;
  run.grader = GraderDescription(experiment_.base.reward);
  run.built_in_world = experiment_.base.data.source == DataSource::kWorld;
  for (const ArmState& arm : arms_)
    for (const std::string& what : arm.data.remarks)
      if (std::find(run.left_out.begin(), run.left_out.end(), what) == run.left_out.end()) run.left_out.push_back(what);
  const auto versions = Versions();
  run.environment.assign(versions.begin(), versions.end());
  run.environment.emplace_back("host", HostDescription());
  run.environment.emplace_back("ranks", Concat(layout_.num_ranks(), " (", layout_.num_learners(), " learners, ",
                                               layout_.num_rollout_workers(), " rollout, ", layout_.num_reward_workers(), " reward)"));
  for (const EvalSet& set : arms_.front().data.eval_sets) run.eval_sets.push_back(set.name);
  for (const ArmState& arm : arms_) run.arms.push_back({arm.arm->name, arm.arm->overrides});
  return run;
}

void Job::Welcome(BusServer* server) const {
  const ExperimentConfig& config = experiment_.base;
  int64_t longest = 1, most_new = 1;
  for (const ArmState& arm : arms_) {
    longest = std::max(longest, arm.data.longest_prompt);
    most_new = std::max(most_new, arm.arm->config.rollout.sampling.max_new_tokens);
  }
  RolloutWelcome rollout;
  rollout.config_json = ToConfigJson(arms_.front().data.model);
  rollout.slots = config.rollout.slots;
  rollout.threads = config.cluster.rollout_threads;
  rollout.overlaps = Overlaps(config);
  rollout.max_tokens = std::min(arms_.front().data.model.max_positions, longest + most_new);
  rollout.bf16 = config.rollout.dtype == ComputeType::kBf16;
  rollout.device = config.cluster.device;
  rollout.cuda_graphs = config.rollout.cuda_graphs;
  rollout.force_remote_weights = config.cluster.weight_transport == WeightTransport::kZeroMq;
  const bool stop_strings =
      std::any_of(arms_.begin(), arms_.end(), [](const ArmState& arm) { return !arm.arm->config.rollout.sampling.stop_strings.empty(); });
  if (stop_strings) rollout.tokenizer_json = arms_.front().data.tokenizer_json;
  server->SetWelcome(Role::kRollout, rollout.Encode());
  server->SetWelcome(Role::kReward, RewardWelcome{PlanOf(config.reward)}.Encode());
}

StageContext Job::ContextOf(const ArmState& arm, JobBus* bus, const std::string& stage, const StagePaths& paths) {
  StageContext context;
  context.config = &arm.arm->config;
  context.data = &arm.data;
  context.bus = bus;
  context.monitor = monitor_;
  context.num_learners = layout_.num_learners();
  context.label = stage;
  context.arm = paths.folder() == paths_.Sft().folder() ? "sft" : arm.arm->name;
  context.resolved = &arm.arm->resolved;
  context.metrics = &metrics_;
  context.tensorboard_folder = paths_.TensorBoard(paths);
  context.paths = paths;
  if (StageFolderOf(identity_.resume_folder) == fs::weakly_canonical(paths.folder())) context.resume_folder = identity_.resume_folder;
  return context;
}

void Job::EvaluateInto(const std::vector<ArmState*>& arms, const WeightRef& weights, EvalTime time, JobBus* bus) {
  std::vector<std::unique_ptr<RewardComposer>> composers;
  std::vector<EvalOutput> outputs;
  for (const ArmState* arm : arms) {
    composers.push_back(MakeRewardComposer(arm->arm->config.reward.composer));
    outputs.push_back({arm->paths.Eval(time), composers.back().get(), &arm->data.eval_sets, ContextOf(*arm, bus, "eval", arm->paths)});
  }
  monitor_->SetStage(arms.front()->arm->name, "eval");
  const StageContext context = ContextOf(*arms.front(), bus, "eval", arms.front()->paths);
  RunEval(context, weights, outputs);
  ScoreHeldOutAnswers(context, weights, outputs);
}

void Job::MakeStart(size_t first, JobBus* bus) {
  const std::vector<ArmState*> sharing = SharingStart(first);
  ArmState& arm = arms_[first];
  const ExperimentConfig& config = arm.arm->config;
  const StagePaths paths = StartPaths(sharing);
  fs::create_directories(paths.folder());
  const bool everyone = sharing.size() == arms_.size();
  const StageContext context = ContextOf(arm, bus, everyone ? "sft" : "sft " + arm.arm->name, paths);
  std::string weights;
  PreemptIfAsked("before the start of arm " + arm.arm->name);
  if (config.HasStage("sft")) {
    monitor_->SetStage(arm.arm->name, "sft");
    weights = RunSft(context);
  } else if (!config.policy.path.empty()) {
    weights = config.policy.path;  // what the run begins with is there already
  } else {
    weights = paths.StartWeights();
    if (!HoldsPolicy(weights)) {
      StartPolicy(context);
      ExportPolicy(context, weights);
    } else {
      LoadPolicy(context, weights);
    }
  }
  for (ArmState* each : sharing) each->start_weights = weights;
  EvaluateStart(context, sharing, bus);
}

void Job::EvaluateStart(const StageContext& context, const std::vector<ArmState*>& sharing, JobBus* bus) {
  const std::vector<std::vector<ArmState*>> alike = EvaluatedAlike(sharing);
  if (alike.empty()) return;
  const ExperimentConfig& config = *context.config;
  if (!config.HasStage("sft") && !config.policy.path.empty()) StartPolicy(context);
  const WeightRef weights = PublishPolicy(context, 0);
  for (const std::vector<ArmState*>& arms : alike) EvaluateInto(arms, weights, EvalTime::kStart, bus);
}

void Job::FinishArm(ArmState* arm, JobBus* bus) {
  const ExperimentConfig& config = arm->arm->config;
  const StageContext context = ContextOf(*arm, bus, "rl " + arm->arm->name, arm->paths);
  WeightRef weights;
  if (config.HasStage("rl")) {
    PreemptIfAsked("before RL of arm " + arm->arm->name);
    monitor_->SetStage(arm->arm->name, "rl");
    RunRl(context, arm->start_weights);
    if (config.HasStage("eval")) weights = PublishPolicy(context, LastStep(config, arm->paths));
  } else if (config.HasStage("eval")) {
    LoadPolicy(context, arm->start_weights);
    weights = PublishPolicy(context, 0);
  }
  if (config.HasStage("eval")) {
    EvaluateInto({arm}, weights, EvalTime::kEnd, bus);
  }
}

void Job::Run(JobBus* bus) {
  monitor_->SetPlan(Plan());
  for (size_t i = 0; i < arms_.size(); ++i) {
    if (arms_[i].start_weights.empty()) MakeStart(i, bus);
  }
  for (ArmState& arm : arms_) {
    FinishArm(&arm, bus);
    const bool only_sft = !arm.arm->config.HasStage("rl") && !arm.arm->config.HasStage("eval");
    if (only_sft) std::printf("trained policy of %s: %s\n", arm.arm->name.c_str(), arm.start_weights.c_str());
  }
}

}  // namespace temper
