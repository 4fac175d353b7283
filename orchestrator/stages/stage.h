#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "evaluation/figures.h"
#include "orchestrator/config/experiment_config.h"
#include "orchestrator/data/data_store.h"
#include "orchestrator/flow/job_bus.h"
#include "orchestrator/stages/stage_context.h"
#include "reward/compose/composer.h"

namespace temper {

// The same order for every learner.
std::vector<LearnerTask> ForAll(const StageContext& context, const LearnerTask& task);
// To each learner its own.
template <typename Order>
std::vector<LearnerTask> TasksOf(std::vector<Order> orders) {
  std::vector<LearnerTask> tasks(orders.size());
  for (size_t i = 0; i < orders.size(); ++i) tasks[i].order = std::move(orders[i]);
  return tasks;
}

// Each of these gives an order to the learners and waits until all have carried it out. Throws where they do not in time.
// The policy of the config becomes theirs: that of its folder, or one made from the seed.
void StartPolicy(const StageContext& context);
// That of a folder of this run becomes theirs, or of policy.path where the folder is that. Throws ConfigError when the run's files are not
// those that ExportPolicy wrote.
void LoadPolicy(const StageContext& context, const std::string& weights_folder);
WeightRef PublishPolicy(const StageContext& context, int64_t version);
// Writes the folder, with a manifest of its files; it appears whole. With LoRA on a model of policy.path it is the adapter's alone, in
// PEFT's layout, unless policy.lora.write_merged.
void ExportPolicy(const StageContext& context, const std::string& weights_folder);

// Supervised fine-tuning. Returns the Hugging Face folder with the result; one that is there already is taken as it is. Throws
// ExitRequest 85 after a stop signal, with a checkpoint written.
std::string RunSft(const StageContext& context);

// Reinforcement learning from the weights in `start_folder`; returns the folder with the result, which is also what the learners hold
// and have published when it returns. Throws ExitRequest 85 (stopped) and 76 (three steps in a row without a finite gradient).
std::string RunRl(const StageContext& context, const std::string& start_folder);

// Samples and grades every evaluation set under the published weights, by one reward composer per output: writes
// its files of each. Sets that are there already are left alone. Throws ExitRequest 85 after a stop signal: the answers of the set that is
// being sampled are drawn again later, the same.
struct EvalOutput {
  EvalPaths paths;
  const RewardComposer* composer = nullptr;
  const std::vector<EvalSet>* sets = nullptr;  // for labels: the same prompts in the same order in every output
  StageContext context;                        // of the arm: its row of eval/* goes to its eval_metrics.jsonl
};
void RunEval(const StageContext& context, const WeightRef& weights, const std::vector<EvalOutput>& outputs);

// Has the learners say how likely they find data.held_out_answers, and writes it beside each evaluation of `weights`, which they hold.
// Nothing where there are none, or where it is written already.
void ScoreHeldOutAnswers(const StageContext& context, const WeightRef& weights, const std::vector<EvalOutput>& outputs);

// The same of eval.every_sets, of the first eval.every_prompts prompts of each intent, between two steps of RL; nothing is written. Returns
// during/* with intervals. A stop signal counts when it is done. No group may be in flight; the caller's phase begins again after it.
std::map<std::string, double> EvaluateDuring(const StageContext& context, const WeightRef& weights);

// Raises ExitRequest 85.
[[noreturn]] void Preempt(const std::string& what);
// The same where a stop signal came: before a stage begins.
void PreemptIfAsked(const std::string& what);

}  // namespace temper
