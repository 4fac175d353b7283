#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "evaluation/best_step.h"
#include "orchestrator/stages/stage_context.h"

namespace temper {

// Keeps the policy of the step of RL whose figure is best (eval.best) beside the last one, and says when the training ends early
// (eval.stop_after). What it knows goes into every checkpoint and comes back with it, so that a run that goes on chooses as one that was
// never stopped. Of an arm's folder it owns best/ and best.json. Does nothing where eval.best names no figure, but that a best.json from
// before, with a figure, goes.
class BestKeeper {
 public:
  // saved: of the checkpoint that the stage goes on from; "" = it begins. A best policy whose weights are gone is forgotten, with a
  // warning: the best is then one of the steps to come.
  BestKeeper(const StageContext& context, const std::string& saved);

  bool on() const { return !context_.config->eval.best.figure.empty(); }
  bool ended_early() const { return best_.stopped_at > 0; }
  // For a checkpoint; "" where nothing is chosen.
  std::string Save() const;

  // After an evaluation of the policy that the learners hold, which is that of `step` updates. A better one is exported.
  void Take(int64_t step, const std::map<std::string, double>& values);
  // After a checkpoint was written: removes the policies that neither it nor an older one that is kept calls the best.
  void Prune() const;
  // At the stage's end: the best policy alone stays. What is said of it, for the terminal; "" where nothing is chosen.
  std::string Finish() const;

 private:
  void RemoveAllBut(const std::set<std::string>& kept) const;

  const StageContext& context_;
  BestStep best_;
};

// The step of the arm's last policy: rl.steps, or the one after which eval.stop_after ended its training.
int64_t LastStep(const ExperimentConfig& config, const StagePaths& arm);

}  // namespace temper
