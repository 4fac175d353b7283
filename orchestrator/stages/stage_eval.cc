#include <algorithm>
#include <filesystem>
#include <limits>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/hash.h"
#include "orchestrator/config/during_figures.h"
#include "orchestrator/stages/eval_groups.h"
#include "orchestrator/stages/gate_sweep.h"
#include "orchestrator/stages/rl_metrics.h"
#include "orchestrator/stages/stage.h"
#include "orchestrator/stages/stage_metrics.h"
#include "record/eval_files.h"
#include "record/gate_sweep_file.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

// Of these weights: a run that was sent back to an older checkpoint has made others since.
bool AllThere(const std::vector<EvalOutput>& outputs, const std::string& set, const WeightRef& weights) {
  return std::all_of(outputs.begin(), outputs.end(), [&](const EvalOutput& output) {
    return IsEvaluated(output.paths.Meta(set), output.paths.Samples(set), weights.hash);
  });
}

// `before`: prompts of the sets before this one.
std::vector<EvalSample> SampleSet(const StageContext& context, const WeightRef& weights, const EvalSet& set, EvalMoment moment,
                                  int64_t before) {
  std::vector<GroupSpec> specs;
  for (size_t i = 0; i < set.prompts.size(); ++i) specs.push_back(EvalGroup(context, weights, set, i));
  return SamplesOf(DrawGroups(context, set.name, specs, moment, before));
}

void WriteSet(const EvalOutput& output, const EvalSet& set, const WeightRef& weights, const std::vector<EvalSample>& samples) {
  fs::create_directories(output.paths.folder());
  WriteEvalSamples(output.paths.Samples(set.name), samples);
  std::map<std::string, std::string> labels;
  for (const EvalSet& own : *output.sets) {
    if (own.name != set.name) continue;
    for (const Prompt& prompt : own.prompts) labels[prompt.id] = prompt.label;
  }
  EvalMeta meta{.weight_version = weights.version,
                .weight_hash = weights.hash,
                .samples_hash = Hash128OfFile(output.paths.Samples(set.name)),
                .rewards = {}};
  std::vector<Grade> grades;
  std::vector<RewardParts> rewards;
  double truncated = 0;
  for (const EvalSample& sample : samples) {
    grades.push_back(sample.grade);
    truncated += sample.truncated ? 1 : 0;
    rewards.push_back(output.composer->Compose(sample.grade, labels[sample.prompt_id]));
    const RewardParts& parts = rewards.back();
    meta.rewards.push_back(parts.usable ? parts.reward : std::numeric_limits<double>::quiet_NaN());
  }
  // A set's row is written when the set is, and no row is ever taken back.
  StageMetrics metrics(output.context, "eval", std::numeric_limits<int64_t>::max());
  metrics.Write({.step = weights.version, .values = SummarizeEvaluation(set.name, grades, rewards, truncated)});
  WriteEvalMeta(output.paths.Meta(set.name), meta);
}

// The first `count` prompts of each intent.
EvalSet FirstOf(const EvalSet& set, int64_t count) {
  EvalSet first{set.name, {}};
  std::map<std::string, int64_t> taken;
  for (const Prompt& prompt : set.prompts)
    if (taken[prompt.intent]++ < count) first.prompts.push_back(prompt);
  return first;
}

void PutEstimate(const std::string& name, const Estimate& estimate, std::map<std::string, double>* values) {
  if (!estimate.present) return;
  (*values)[name] = estimate.mean;
  if (!estimate.has_interval()) return;
  (*values)[name + "_low"] = estimate.low;
  (*values)[name + "_high"] = estimate.high;
}

bool AreSwept(const std::vector<EvalOutput>& outputs, const std::string& set, const WeightRef& weights) {
  return std::all_of(outputs.begin(), outputs.end(),
                     [&](const EvalOutput& output) { return HasGateSweep(output.paths.GateSweep(set), weights.hash); });
}

}  // namespace

std::map<std::string, double> EvaluateDuring(const StageContext& context, const WeightRef& weights) {
  const EvalConfig& config = context.config->eval;
  std::map<std::string, double> values;
  const std::vector<std::string> during = SetsDuring(config, context.config->data);
  for (const EvalSet& set : context.data->eval_sets) {
    if (std::find(during.begin(), during.end(), set.name) == during.end()) continue;
    const EvalSet first = FirstOf(set, config.every_prompts);
    const EvalResult result = SummarizeEvaluation(set.name, SampleSet(context, weights, first, EvalMoment::kBetweenSteps, 0), {});
    for (const FigureColumn& figure : FigureColumns()) PutEstimate(DuringName(set.name, figure.key), result.all.*figure.cell, &values);
    for (const GraderFigures& grader : result.verdicts.graders)
      PutEstimate(DuringName(set.name, "unsafe_by_" + grader.name), grader.unsafe, &values);
  }
  return values;
}

void RunEval(const StageContext& context, const WeightRef& weights, const std::vector<EvalOutput>& outputs) {
  int64_t before = 0;
  for (const EvalSet& set : context.data->eval_sets) {
    const auto all = static_cast<int64_t>(set.prompts.size());
    const bool there = AllThere(outputs, set.name, weights);
    if (there) {
      context.monitor->SetProgress(all, all, before);
    } else {
      const std::vector<EvalSample> samples = SampleSet(context, weights, set, EvalMoment::kAlone, before);
      for (const EvalOutput& output : outputs) WriteSet(output, set, weights, samples);
    }
    if (context.config->eval.gate_sweep && !set.prompts.empty() && !(there && AreSwept(outputs, set.name, weights)))
      SweepFirstToken(context, weights, set, outputs, before);
    before += all;
  }
}

}  // namespace temper
