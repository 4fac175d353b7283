#include "orchestrator/stages/best_keeper.h"

#include <filesystem>

#include "cluster/base/error.h"
#include "cluster/base/log.h"
#include "orchestrator/stages/stage.h"
#include "orchestrator/stages/stage_state.h"
#include "record/best_file.h"
#include "record/checkpoint.h"

namespace temper {

namespace fs = std::filesystem;

BestKeeper::BestKeeper(const StageContext& context, const std::string& saved)
    : context_(context), best_(NoBestStep(context.config->eval.best)) {
  if (!on()) {
    std::error_code ignored;
    fs::remove(context_.paths.BestJson(), ignored);
    return;
  }
  if (!saved.empty()) best_ = BestStepFromJson(saved);
  if (best_.step > 0 && !HoldsPolicy(context_.paths.BestWeights(best_.step))) {
    TEMPER_LOG(Warn, context_.paths.BestWeights(best_.step), ", the best policy so far, is gone: the best is chosen again");
    best_ = NoBestStep(context.config->eval.best);
  }
  WriteBestStep(context_.paths, best_);
}

std::string BestKeeper::Save() const { return on() ? BestStepToJson(best_) : ""; }

void BestKeeper::Take(int64_t step, const std::map<std::string, double>& values) {
  if (!on()) return;
  if (TakeEvaluation(step, values, &best_)) ExportPolicy(context_, context_.paths.BestWeights(step));
  const EvalConfig& eval = context_.config->eval;
  if (eval.stop_after > 0 && best_.without >= eval.stop_after && step < context_.config->rl.steps) best_.stopped_at = step;
  WriteBestStep(context_.paths, best_);
}

void BestKeeper::RemoveAllBut(const std::set<std::string>& kept) const {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(context_.paths.BestFolder(), ignored))
    if (!kept.contains(entry.path().filename())) fs::remove_all(entry.path(), ignored);
}

void BestKeeper::Prune() const {
  if (!on()) return;
  const auto name_of = [&](const BestStep& best) { return fs::path(context_.paths.BestWeights(best.step)).filename().string(); };
  std::set<std::string> kept = {name_of(best_)};
  for (const auto& [folder, made] : CheckpointMarks(context_.paths.Checkpoints())) {
    const std::string saved = BestOfState(ReadCheckpointState(folder));
    if (!saved.empty()) kept.insert(name_of(BestStepFromJson(saved)));
  }
  RemoveAllBut(kept);
}

std::string BestKeeper::Finish() const {
  if (!on()) return "";
  const std::string weights = context_.paths.BestWeights(best_.step);
  RemoveAllBut({fs::path(weights).filename().string()});
  return best_.step == 0 ? BestStepText(best_) : Concat(BestStepText(best_), "; the best policy is ", weights);
}

int64_t LastStep(const ExperimentConfig& config, const StagePaths& arm) {
  if (config.eval.stop_after == 0) return config.rl.steps;
  const std::optional<BestStep> best = ReadBestStep(arm);
  return best && best->stopped_at > 0 && best->stopped_at < config.rl.steps ? best->stopped_at : config.rl.steps;
}

}  // namespace temper
