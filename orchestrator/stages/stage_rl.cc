#include <algorithm>
#include <filesystem>
#include <utility>

#include "cluster/base/clock.h"
#include "cluster/base/file.h"
#include "cluster/base/keyed_random.h"
#include "cluster/base/log.h"
#include "cluster/base/step_number.h"
#include "cluster/host/stop_signals.h"
#include "cluster/telemetry/telemetry_phases.h"
#include "orchestrator/config/derived.h"
#include "orchestrator/data/prompt_plan.h"
#include "orchestrator/flow/ledger.h"
#include "orchestrator/stages/best_keeper.h"
#include "orchestrator/stages/gold_ride.h"
#include "orchestrator/stages/grade_noise.h"
#include "orchestrator/stages/grader_metrics.h"
#include "orchestrator/stages/health_watch.h"
#include "orchestrator/stages/progress.h"
#include "orchestrator/stages/rl_batch.h"
#include "orchestrator/stages/rl_metrics.h"
#include "orchestrator/stages/stage.h"
#include "orchestrator/stages/stage_metrics.h"
#include "orchestrator/stages/stage_state.h"
#include "orchestrator/stages/step_clock.h"
#include "record/audit_file.h"
#include "record/checkpoint.h"
#include "record/journal.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxNonfiniteSteps = 3;
constexpr auto kPollFor = std::chrono::milliseconds(100);

class RlStage {
 public:
  RlStage(const StageContext& context, const std::string& start_folder);
  std::string Run();

 private:
  void Start();
  void IssueAdmitted();
  void Collect();
  void TrainWhenReady();
  void FinishStep();
  std::vector<LearnerTask> TasksFor(const Ledger::StepGroups& groups, RlBatch* batch);
  void WriteTraces(const std::vector<const ScoredGroup*>& all);
  bool IsTimeToEvaluate(int64_t steps_done) const;
  void AfterStep();
  void EnterPhase();
  void WarnOfTruncatedSampling() const;

  const StageContext& context_;
  const ExperimentConfig& config_;
  std::string start_folder_;
  std::unique_ptr<RewardComposer> composer_;
  CheckpointStore checkpoints_;
  uint64_t checkpoint_bytes_ = 0;  // of the one that follows the step before; 0 = none does
  StageState state_;
  PromptPlan plan_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<StageMetrics> metrics_;
  std::unique_ptr<Progress> progress_;
  std::unique_ptr<AuditFile> audit_;  // finished by its destructor where an error or a stop ends the stage
  std::unique_ptr<GoldRide> gold_;
  std::unique_ptr<BestKeeper> best_;
  HealthWatch health_;
  std::map<uint64_t, RecoveredGroup> recovered_;
  std::map<uint64_t, ScoredGroup> scored_;
  WeightRef weights_;
  StepRow row_;                 // of the step the learners are working on
  int64_t training_step_ = -1;  // its index; -1 = the learners are idle
  StepClock clock_;
  double waiting_since_ = 0;
  double ordered_at_ = 0;  // when the learners got their update
  int nonfinite_ = 0;
};

RlStage::RlStage(const StageContext& context, const std::string& start_folder)
    : context_(context),
      config_(*context.config),
      start_folder_(start_folder),
      composer_(MakeRewardComposer(config_.reward.composer)),
      checkpoints_(context.paths.Checkpoints(), config_.checkpoint.keep),
      plan_(config_, context.data->train),
      health_(config_.monitor.health) {
  state_.stage = "rl";
  state_.data_digest = context.data->digest;
  // What the numbers of this stage depend on beside the data.
  std::vector<std::string> settings = {"rl.steps",           "rl.prompts_per_step", "rl.max_staleness", "rl.optimizer.",
                                       "rollout.group_size", "reward.composer",     "reward.noise.",    "run.seed"};
  if (!config_.eval.best.figure.empty()) settings.insert(settings.end(), {"eval.every", "eval.best.", "eval.stop_after"});
  state_.settings = SettingsOf(*context_.resolved, settings);
}

// The recorded log-probs are those of the distribution that was drawn from, the learner's those of the whole one.
void RlStage::WarnOfTruncatedSampling() const {
  const SamplingOptions& sampling = config_.rollout.sampling;
  if (sampling.top_k <= 0 && sampling.top_p >= 1 && sampling.min_new_tokens <= 0) return;
  TEMPER_LOG(Warn,
             "rollout.top_k, rollout.top_p or rollout.min_new_tokens cuts the distribution that is sampled from, the learner scores"
             " the whole one: with rl.tis_cap ",
             config_.rl.loss.tis_cap,
             " every gradient is scaled by the mass that was kept, and mismatch/*"
             " measures this; train with top_k 0, top_p 1 and min_new_tokens 0, and keep such sampling for eval.*");
}

void RlStage::Start() {
  context_.monitor->SetMaxStaleness(config_.rl.max_staleness);
  LoadPolicy(context_, start_folder_);
  const RlOptions& loss = config_.rl.loss;
  if (loss.kl_coef > 0 && loss.kl_in == KlPlace::kLoss && loss.kl_estimator == KlEstimator::kK1 && !loss.kl_off_policy)
    TEMPER_LOG(Warn, "rl.kl: the gradient of k1 in the loss is zero on average, so it does not hold the policy; use k3, or in: reward");
  WarnOfTruncatedSampling();
  context_.bus->OrderAndWait(ForAll(context_, {BeginStageOrder{config_.rl.optimizer, config_.rl.steps, config_.rl.loss.kl_coef > 0}}));
  const ResumedStage resumed = ResumeStage(context_, checkpoints_, state_);
  if (!resumed.composer_state.empty()) composer_->LoadState(resumed.composer_state);
  state_.step = resumed.step;
  best_ = std::make_unique<BestKeeper>(context_, resumed.best);
  weights_ = PublishPolicy(context_, state_.step);
  // Workers keep what they hold when a task's version is not a higher one, and an arm before this one may have left them a higher one.
  if (config_.rl.max_staleness > 0) context_.bus->AnnounceWeights(weights_);

  const std::string journal_path = context_.paths.Journal();
  fs::create_directories(context_.paths.JournalFolder());
  recovered_ = RecoverGroups(journal_path, state_.step);
  journal_ = std::make_unique<Journal>(journal_path);
  JournalRecord attempt;
  attempt.step = state_.step;
  journal_->Append(attempt);
  context_.bus->BeginPhase(journal_.get());
  ledger_ = std::make_unique<Ledger>(LedgerOptions{.prompts_per_step = config_.rl.prompts_per_step,
                                                   .max_staleness = config_.rl.max_staleness,
                                                   .total_steps = config_.rl.steps,
                                                   .resample_dead_groups = config_.rl.resample_dead_groups,
                                                   .max_resampled_per_step = config_.rl.max_resampled_per_step,
                                                   .first_step = state_.step});
  gold_ = std::make_unique<GoldRide>(context_, state_.step);
  metrics_ = std::make_unique<StageMetrics>(context_, "rl", state_.step);
  progress_ = std::make_unique<Progress>(config_.monitor.progress, context_.label, config_.rl.steps);
  progress_->Note(context_.monitor->grading());
  audit_ = std::make_unique<AuditFile>(context_.paths.Audit(), state_.step, &context_.metrics->failures);
  context_.monitor->SetProgress(state_.step, config_.rl.steps);
  clock_ = StepClock();
  waiting_since_ = NowSeconds();
}

void RlStage::IssueAdmitted() {
  for (const uint64_t id : ledger_->Admit()) {
    if (Ledger::IndexOf(id) == 0) gold_->Issue(Ledger::StepOf(id));
    GroupSpec spec;
    spec.prompt = &plan_.PromptOf(id);
    spec.tokenizer = context_.data->tokenizer.get();
    spec.sees = {.intent = config_.reward.Sees("intent"), .label = config_.reward.Sees("label")};
    GenerationRequest& request = spec.task.request;
    request.group_id = id;
    request.seed = static_cast<uint64_t>(config_.run.seed);
    request.step = static_cast<uint64_t>(Ledger::StepOf(id));
    // The group's place is part of the key: a small dataset may give one prompt twice in a step.
    request.prompt_key = KeyOf(Concat(spec.prompt->id, "#", Ledger::IndexOf(id)));
    request.prompt_tokens = context_.data->PromptTokens(*spec.prompt);
    request.num_samples = config_.rollout.group_size;
    request.sampling = context_.data->Sampling(config_.rollout.sampling, spec.prompt->category);
    spec.task.weights = weights_;
    spec.task.exact = config_.rl.max_staleness == 0;
    const auto recovered = recovered_.find(id);
    context_.bus->Issue(spec, recovered == recovered_.end() ? nullptr : &recovered->second);
  }
}

void RlStage::Collect() {
  for (GradedGroup& graded : context_.bus->Poll(kPollFor)) {
    const uint64_t id = graded.rollout.group.group_id;
    AddNoise(config_.reward.noise, static_cast<uint64_t>(config_.run.seed), id, &graded.grades);
    waiting_since_ = NowSeconds();
    if (gold_->Take(id, graded.grades)) continue;
    ScoredGroup scored;
    int64_t oldest = weights_.version;
    int64_t usable = 0;
    for (size_t i = 0; i < graded.grades.size(); ++i) {
      scored.parts.push_back(composer_->Compose(graded.grades[i], graded.prompt->label));
      const auto length = static_cast<int64_t>(graded.rollout.group.trajectories[i].tokens.size());
      scored.parts.back().reward += OverlongReward(config_.reward.composer, length, config_.rollout.sampling.max_new_tokens);
      usable += scored.parts.back().usable;
    }
    for (const Trajectory& trajectory : graded.rollout.group.trajectories) {
      for (const int64_t version : trajectory.versions) oldest = std::min(oldest, version);
    }
    scored.graded = std::move(graded);
    scored.dead = IsDeadGroup(config_.rl.advantage, MembersOf(scored));
    scored_[id] = std::move(scored);
    ledger_->OnGenerated(id);
    ledger_->OnGraded(id, oldest, usable >= static_cast<int64_t>(config_.rl.advantage.type->min_members), scored_[id].dead);
    recovered_.erase(id);
  }
  // A collective among the learners that ran out says more, so it may do so first.
  const double update_limit = config_.cluster.step_timeout_s + config_.cluster.collective_timeout_s;
  TEMPER_CHECK(training_step_ < 0 || NowSeconds() - ordered_at_ < update_limit, "step ", StepNumber(training_step_),
               ": the learners did not finish their update within ", update_limit,
               " s (cluster.step_timeout_s + cluster.collective_timeout_s)");
  TEMPER_CHECK(training_step_ >= 0 || NowSeconds() - waiting_since_ < config_.cluster.step_timeout_s, "no group became complete for ",
               config_.cluster.step_timeout_s, " s (cluster.step_timeout_s): ", context_.bus->groups_in_flight(), " are in flight, ",
               context_.bus->table().NumPeers(Role::kRollout), " rollout and ", context_.bus->table().NumPeers(Role::kReward),
               " reward workers are registered");
}

std::vector<LearnerTask> RlStage::TasksFor(const Ledger::StepGroups& groups, RlBatch* batch) {
  std::vector<std::vector<double>> costs;
  for (const auto& [id, group] : scored_) {
    if (Ledger::StepOf(id) != groups.step) continue;
    for (const RewardParts& p : group.parts) {
      if (p.usable && !p.costs.empty()) costs.push_back(p.costs);
    }
  }
  composer_->UpdateLambdas(costs);
  *batch = MakeRlBatch(config_, groups, scored_, *composer_, static_cast<size_t>(context_.num_learners));
  std::vector<double> advantages;
  for (const uint64_t id : groups.live) {
    for (size_t i = 0; i < scored_.at(id).parts.size(); ++i) {
      if (scored_.at(id).parts[i].usable) advantages.push_back(batch->advantages.at(id)[i]);
    }
  }
  SummarizeAdvantages(std::move(advantages), &row_);
  audit_->Write(AuditLines(groups.step, batch->trained, scored_, batch->advantages, composer_->constraint_names()));
  if (!batch->orders.empty()) return TasksOf(std::move(batch->orders));
  TEMPER_LOG(Info, "step ", StepNumber(groups.step), ": every group is dead (no reward variance), the policy stays as it is");
  return ForAll(context_, {PublishOrder{groups.step, groups.step + 1}});
}

void RlStage::WriteTraces(const std::vector<const ScoredGroup*>& all) {
  const int64_t number = StepNumber(training_step_);
  if ((number > 1 && number % config_.monitor.traces_every != 0) || config_.monitor.traces_per_step == 0) return;
  row_.texts = Transcripts(all, config_.monitor.traces_per_step);
  const std::string folder = context_.paths.Traces();
  const std::string path = context_.paths.Transcripts(number);
  std::error_code failed;
  fs::create_directories(folder, failed);
  fs::remove(path, failed);  // of an attempt before
  const std::string error = AppendToFile(path, TraceLines(all, training_step_, config_.monitor.traces_per_step));
  if (error.empty()) return context_.metrics->failures.Recovered(folder);
  context_.metrics->failures.Report(folder, error);
}

void RlStage::TrainWhenReady() {
  if (training_step_ >= 0 || !ledger_->StepReady() || !gold_->Complete(ledger_->next_step())) return;
  const Ledger::StepGroups groups = ledger_->TakeStep();
  training_step_ = groups.step;
  context_.monitor->Enter(phase::kPrepare, groups.step);
  std::vector<const ScoredGroup*> all;
  double generated = 0;
  double graded = 0;
  for (const auto& [id, group] : scored_) {
    if (Ledger::StepOf(id) != groups.step) continue;
    all.push_back(&group);
    generated = std::max(generated, group.graded.generated_at);
    graded = std::max(graded, group.graded.graded_at);
  }
  clock_.MarkAt("timing_s/rollout", generated);
  clock_.MarkAt("timing_s/reward", graded);
  row_ = SummarizeGroups(all, groups.step);
  AddGraderMetrics(all, &row_.values);
  if (!config_.data.transforms.empty()) row_.values["prompts/rewritten_share"] = RewrittenShare(all);
  row_.values["queue/groups_replaced"] = static_cast<double>(all.size()) - static_cast<double>(config_.rl.prompts_per_step);
  row_.values["queue/groups_stale"] = static_cast<double>(groups.stale);
  row_.values["queue/groups_failed"] = static_cast<double>(groups.failed);
  const double failed = row_.values["grader/failed_fraction"];
  TEMPER_CHECK(failed <= config_.reward.max_failed_fraction, "step ", StepNumber(groups.step), ": ", failed * 100,
               " % of the grades failed, more than reward.max_failed_fraction allows; the errors are in audit.jsonl and traces/");
  WriteTraces(all);
  if (const std::string drift = gold_->Finish(groups.step, &row_); !drift.empty()) {
    metrics_->Write(row_);
    throw ExitRequest(kExitUnhealthy, drift);
  }
  RlBatch batch;
  const std::vector<LearnerTask> tasks = TasksFor(groups, &batch);
  const auto lambdas = composer_->lambdas();
  for (size_t i = 0; i < lambdas.size(); ++i) row_.values["reward/lambda/" + composer_->constraint_names()[i]] = lambdas[i];
  JournalRecord consumed;
  consumed.kind = JournalRecord::Kind::kConsumed;
  consumed.step = groups.step;
  consumed.consumed = batch.trained;
  journal_->Append(consumed);
  journal_->Sync();
  context_.bus->Order(tasks);
  ordered_at_ = NowSeconds();
  clock_.Mark("timing_s/compose");
}

// What the orchestrator waits for now.
void RlStage::EnterPhase() {
  if (training_step_ >= 0) {
    progress_->Waiting(training_step_, "the learners update the policy");
    return context_.monitor->Enter(phase::kWaitLearners, training_step_);
  }
  progress_->Waiting(state_.step,
                     Concat("sampling and grading, ", scored_.size(), " groups done, ", context_.bus->groups_in_flight(), " to come"));
  const bool drawing = context_.bus->AnyUndrawn(Ledger::GroupId(state_.step, 0), Ledger::GroupId(state_.step + 1, 0));
  context_.monitor->Enter(drawing ? phase::kWaitRollouts : phase::kWaitGrades, state_.step);
}

// The result of the last step has an evaluation of its own, but is one of those that the best is chosen of.
bool RlStage::IsTimeToEvaluate(int64_t steps_done) const {
  if (config_.eval.every == 0 || context_.data->eval_sets.empty()) return false;
  return steps_done < config_.rl.steps ? steps_done % config_.eval.every == 0 : best_->on();
}

void RlStage::FinishStep() {
  context_.monitor->Enter(phase::kPrepare, training_step_);
  const LearnerResult result = context_.bus->TakeLearnerResult();
  weights_ = result.published;
  ledger_->OnUpdates(training_step_ + 1);
  if (config_.rl.max_staleness > 0) context_.bus->AnnounceWeights(weights_);
  clock_.Mark("timing_s/learner_round_trip");
  row_.values.insert(result.report.begin(), result.report.end());
  row_.values.merge(clock_.TakeStep());
  if (checkpoint_bytes_ > 0) row_.values["sys/checkpoint_bytes"] = static_cast<double>(std::exchange(checkpoint_bytes_, 0));
  row_.values["off_policy/staleness_limit"] = static_cast<double>(config_.rl.max_staleness);
  AddRates(&row_.values);
  AddJobCounts(*context_.bus, result.published, &row_.values);
  if (IsTimeToEvaluate(training_step_ + 1)) {
    const std::map<std::string, double> figures = EvaluateDuring(context_, weights_);
    best_->Take(training_step_ + 1, figures);
    row_.values.insert(figures.begin(), figures.end());
    context_.bus->BeginPhase(journal_.get());
    clock_.Mark("timing_s/eval");
  }
  const std::vector<HealthWatch::Alarm> alarms = health_.Take(training_step_, &row_.values);
  metrics_->Write(row_);
  context_.monitor->OnStep(training_step_ + 1, config_.rl.steps, row_.values);
  progress_->Step(training_step_ + 1, row_.values, context_.monitor->job_left_s());
  clock_.Mark("timing_s/record");
  std::erase_if(scored_, [&](const auto& entry) { return Ledger::StepOf(entry.first) <= training_step_; });
  SoundAlarms(alarms, progress_.get());
  nonfinite_ = row_.values["actor/nonfinite"] > 0 ? nonfinite_ + 1 : 0;
  if (nonfinite_ >= kMaxNonfiniteSteps) {
    throw ExitRequest(kExitUnhealthy,
                      Concat("training is unhealthy: no finite gradient in ", nonfinite_, " steps in a row, the last is step ",
                             StepNumber(training_step_), "; lower rl.optimizer.lr or look at traces/"));
  }
  state_.step = training_step_ + 1;
  training_step_ = -1;
  AfterStep();
  clock_.Mark("timing_s/checkpoint");
  waiting_since_ = NowSeconds();
}

void RlStage::AfterStep() {
  const bool stop = StopRequested();
  if (state_.step >= config_.rl.steps || best_->ended_early()) return;
  if (stop || state_.step % config_.checkpoint.every == 0) {
    state_.composer_state = composer_->SaveState();
    state_.audit = audit_->Mark();
    state_.best = best_->Save();
    checkpoint_bytes_ = SaveStage(context_, &checkpoints_, state_);
    best_->Prune();
  }
  if (stop) Preempt(Concat("after RL step ", state_.step));
}

std::string RlStage::Run() {
  const int64_t last = LastStep(config_, context_.paths);
  if (const std::string weights = context_.paths.Weights(last); HoldsPolicy(weights)) {
    LoadPolicy(context_, weights);
    PublishPolicy(context_, last);
    context_.monitor->SetProgress(last, last);  // done by an earlier start
    return weights;
  }
  Start();
  while (!best_->ended_early() && (!ledger_->finished() || training_step_ >= 0)) {
    IssueAdmitted();
    TrainWhenReady();
    EnterPhase();
    Collect();
    if (training_step_ >= 0 && context_.bus->LearnersDone()) FinishStep();
  }
  audit_->Finish();
  context_.bus->BeginPhase(nullptr);
  std::string weights = context_.paths.Weights(state_.step);
  ExportPolicy(context_, weights);
  if (const std::string said = best_->Finish(); !said.empty()) progress_->Note(said);
  if (best_->ended_early()) context_.monitor->SetProgress(state_.step, state_.step);
  return weights;
}

}  // namespace

std::string RunRl(const StageContext& context, const std::string& start_folder) { return RlStage(context, start_folder).Run(); }

}  // namespace temper
