#pragma once

#include <map>
#include <string>
#include <vector>

#include "orchestrator/checkpoint.h"
#include "orchestrator/data_store.h"
#include "orchestrator/evaluation.h"
#include "orchestrator/experiment_config.h"
#include "orchestrator/job_bus.h"
#include "orchestrator/stage_metrics.h"
#include "reward/reward_composer.h"

namespace temper {

// What every stage of an arm works with; all borrowed.
struct StageContext {
  const ExperimentConfig* config = nullptr;
  const DataStore* data = nullptr;
  JobBus* bus = nullptr;
  int num_learners = 1;
  std::string label;                         // what progress lines call it, e.g. "rl safe_completion"
  std::string arm;                           // the arm's name; "sft" for what arms share
  const ResolvedConfig* resolved = nullptr;  // what `config` was read from
  JobMetrics* metrics = nullptr;
  std::string tensorboard_folder;
  std::string folder;         // the stage's own: metrics.jsonl, checkpoints/, weights/, journal/, ...
  std::string resume_folder;  // --resume DIR: this checkpoint instead of the newest; "" = newest
};

// The same order for every learner.
std::vector<LearnerTask> ForAll(const StageContext& context, const LearnerTask& task);

// Starts the learners from the config's policy (folder or seed). Returns nothing to wait for: done when it returns.
void StartPolicy(const StageContext& context);
// Starts them from a Hugging Face folder of this run.
void LoadPolicy(const StageContext& context, const std::string& weights_folder);
WeightRef PublishPolicy(const StageContext& context, int64_t version);
void ExportPolicy(const StageContext& context, const std::string& weights_folder);

// Supervised fine-tuning. Returns the Hugging Face folder with the result; one that is there already is taken as it is. Throws
// ExitRequest 85 after a stop signal, with a checkpoint written.
std::string RunSft(const StageContext& context);

// Reinforcement learning from the weights in `start_folder`; returns the folder with the result, which is also what the learners hold
// and have published when it returns. Throws ExitRequest 85 (stopped) and 76 (three steps in a row without a finite gradient).
std::string RunRl(const StageContext& context, const std::string& start_folder);

// Samples and grades every evaluation set under the published weights, by one reward composer per folder: writes
// <folder>/<set>.jsonl and .meta.json for each. Sets that are there already are left alone.
struct EvalOutput {
  std::string folder;
  const RewardComposer* composer = nullptr;
  const std::vector<EvalSet>* sets = nullptr;  // for labels: the same prompts in the same order in every output
  StageContext context;                        // of the arm: its row of eval/* goes to eval_metrics.jsonl in its folder
};
void RunEval(const StageContext& context, const WeightRef& weights, const std::vector<EvalOutput>& outputs);

// Raises ExitRequest 85.
[[noreturn]] void Preempt(const std::string& what);

}  // namespace temper
