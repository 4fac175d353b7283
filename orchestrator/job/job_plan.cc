#include <algorithm>
#include <filesystem>
#include <map>

#include "cluster/base/error.h"
#include "orchestrator/data/data_text.h"
#include "orchestrator/job/job.h"
#include "orchestrator/stages/best_keeper.h"
#include "record/checkpoint.h"

// Which arms share what, the order in which a job does its stages, and what is said of both at the start.
namespace temper {

std::vector<Job::ArmState*> Job::SharingStart(size_t first) {
  std::vector<ArmState*> sharing;
  for (size_t i = first; i < arms_.size(); ++i) {
    if (arms_[i].arm->sft_signature == arms_[first].arm->sft_signature) sharing.push_back(&arms_[i]);
  }
  return sharing;
}

std::vector<std::vector<Job::ArmState*>> Job::EvaluatedAlike(const std::vector<ArmState*>& sharing) {
  std::vector<std::vector<ArmState*>> alike;
  for (ArmState* arm : sharing) {
    const ExperimentConfig& config = arm->arm->config;
    if (!config.HasStage("eval") || !config.HasStage("rl") || !config.eval.at_start) continue;
    const auto same = std::find_if(alike.begin(), alike.end(), [&](const std::vector<ArmState*>& others) {
      return others.front()->arm->eval_signature == arm->arm->eval_signature;
    });
    if (same == alike.end()) {
      alike.push_back({arm});
    } else {
      same->push_back(arm);
    }
  }
  return alike;
}

StagePaths Job::StartPaths(const std::vector<ArmState*>& sharing) const {
  // Arms that share the start keep it in <run>/sft, arms that differ before RL each in their own folder.
  return sharing.size() == arms_.size() ? paths_.Sft() : sharing.front()->paths.Sft();
}

std::vector<Job::Part> Job::Parts() {
  std::vector<Part> parts;
  std::map<const ArmState*, StagePaths> starts;
  for (size_t i = 0; i < arms_.size(); ++i) {
    if (starts.contains(&arms_[i])) continue;
    const std::vector<ArmState*> sharing = SharingStart(i);
    const StagePaths start = StartPaths(sharing);
    for (const ArmState* arm : sharing) starts[arm] = start;
    if (arms_[i].arm->config.HasStage("sft")) parts.push_back({&arms_[i], "sft", start, EvalTime::kStart});
    for (const std::vector<ArmState*>& alike : EvaluatedAlike(sharing)) parts.push_back({alike.front(), "eval", start, EvalTime::kStart});
  }
  for (const ArmState& arm : arms_) {
    const bool rl = arm.arm->config.HasStage("rl");
    if (rl) parts.push_back({&arm, "rl", arm.paths, EvalTime::kEnd});
    const StagePaths policy(rl ? arm.paths.folder() : starts[&arm].folder());
    if (arm.arm->config.HasStage("eval")) parts.push_back({&arm, "eval", policy, EvalTime::kEnd});
  }
  return parts;
}

std::vector<PlannedStage> Job::Plan() {
  std::vector<PlannedStage> plan;
  for (const Part& part : Parts()) {
    const ExperimentConfig& config = part.arm->arm->config;
    int64_t units = part.stage == "sft" ? config.sft.steps : config.rl.steps;
    if (part.stage == "eval") {
      units = 0;
      for (const EvalSet& set : part.arm->data.eval_sets) units += static_cast<int64_t>(set.prompts.size());
    }
    plan.push_back({part.arm->arm->name, part.stage, units});
  }
  return plan;
}

bool Job::IsDone(const Part& part) {
  const ExperimentConfig& config = part.arm->arm->config;
  const bool before_rl = part.stage == "sft" || part.time == EvalTime::kStart || !config.HasStage("rl");
  if (!before_rl || config.HasStage("sft")) {
    if (!HoldsPolicy(part.paths.Weights(before_rl ? config.sft.steps : LastStep(config, part.paths)))) return false;
  }
  if (part.stage != "eval") return true;
  const EvalPaths paths = part.arm->paths.Eval(part.time);
  const std::vector<EvalSet>& sets = part.arm->data.eval_sets;
  const auto sampled = [&](const EvalSet& set) { return std::filesystem::exists(paths.Meta(set.name)); };
  return !sets.empty() && std::all_of(sets.begin(), sets.end(), sampled);
}

std::string Job::DoneBefore() {
  std::string done;
  for (const Part& part : Parts()) {
    if (!IsDone(part)) continue;
    const ExperimentConfig& config = part.arm->arm->config;
    const std::string& arm = part.arm->arm->name;
    done += done.empty() ? "" : ", ";
    if (part.stage == "sft") {
      done += Concat("SFT (", config.sft.steps, " steps)");
    } else if (part.stage == "rl") {
      done += Concat("RL of ", arm, " (", LastStep(config, part.paths), " steps)");
    } else {
      done += Concat("evaluation of ", part.time == EvalTime::kStart ? "the start of " : "", arm);
    }
  }
  return done;
}

std::string Job::DataLines() const {
  // Arms of the same data are named together, and not at all where all are.
  std::vector<std::pair<std::string, std::vector<const ArmState*>>> texts;
  for (const ArmState& arm : arms_) {
    const std::string text = DataText(arm.arm->config, arm.data);
    const auto same = std::find_if(texts.begin(), texts.end(), [&](const auto& each) { return each.first == text; });
    if (same == texts.end()) {
      texts.push_back({text, {&arm}});
    } else {
      same->second.push_back(&arm);
    }
  }
  if (texts.size() == 1) return texts.front().first;
  std::string lines;
  for (const auto& [text, arms] : texts) {
    std::string names;
    for (const ArmState* arm : arms) names += (names.empty() ? "" : ", ") + arm->arm->name;
    lines += DataText(arms.front()->arm->config, arms.front()->data, (arms.size() == 1 ? "arm " : "arms ") + names);
  }
  return lines;
}

std::string Job::StartText() {
  const std::string done = DoneBefore();
  return DataLines() + (done.empty() ? "" : Concat("done by an earlier start: ", done, "\n"));
}

}  // namespace temper
