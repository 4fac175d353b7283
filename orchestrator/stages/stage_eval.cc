#include <algorithm>
#include <filesystem>
#include <limits>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/hash.h"
#include "cluster/base/keyed_random.h"
#include "cluster/host/stop_signals.h"
#include "cluster/telemetry/telemetry_phases.h"
#include "orchestrator/config/during_figures.h"
#include "orchestrator/stages/progress.h"
#include "orchestrator/stages/rl_metrics.h"
#include "orchestrator/stages/stage.h"
#include "orchestrator/stages/stage_metrics.h"
#include "record/eval_files.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

// Of these weights: a run that was sent back to an older checkpoint has made others since.
bool AllThere(const std::vector<EvalOutput>& outputs, const std::string& set, const WeightRef& weights) {
  return std::all_of(outputs.begin(), outputs.end(), [&](const EvalOutput& output) {
    return IsEvaluated(output.paths.Meta(set), output.paths.Samples(set), weights.hash);
  });
}

// A long text in the column is none of a policy spec's contexts, which are names.
std::string ContextOf(const Prompt& prompt) {
  constexpr size_t kMaxNameBytes = 64;
  const auto context = prompt.columns.find(kContextColumn);
  return context == prompt.columns.end() || context->second.size() > kMaxNameBytes ? "" : context->second;
}

GroupSpec SpecOf(const StageContext& context, const WeightRef& weights, const EvalSet& set, size_t index) {
  const ExperimentConfig& config = *context.config;
  GroupSpec spec;
  spec.prompt = &set.prompts[index];
  spec.tokenizer = context.data->tokenizer.get();
  spec.sees = {.intent = config.reward.Sees("intent"), .label = config.reward.Sees("label")};
  GenerationRequest& request = spec.task.request;
  request.group_id = index;
  // Keyed apart from training, and equal for every arm: arms are compared under the same random numbers.
  request.seed = KeyOf(Concat("eval ", config.run.seed));
  request.prompt_key = KeyOf(set.name + "/" + spec.prompt->id);
  request.prompt_tokens = context.data->PromptTokens(*spec.prompt);
  if (!set.answers_begun.empty()) {
    const std::vector<int32_t>& begun = set.answers_begun[index];
    request.prompt_tokens.insert(request.prompt_tokens.end(), begun.begin(), begun.end());
    spec.answer_begun = context.data->UnfinishedSentence(begun);
  }
  request.num_samples = config.eval.samples_per_prompt;
  request.sampling = context.data->Sampling(config.rollout.sampling);
  request.sampling.temperature = config.eval.temperature;
  spec.task.weights = weights;
  spec.task.exact = true;
  return spec;
}

// What a set's samples are drawn for: an evaluation of its own, which a stop signal ends, or one between two steps of training.
enum class EvalMoment { kAlone, kBetweenSteps };

// `before`: prompts of the sets before this one.
std::vector<EvalSample> SampleSet(const StageContext& context, const WeightRef& weights, const EvalSet& set, EvalMoment moment,
                                  int64_t before) {
  context.monitor->Enter(phase::kEval);
  context.bus->BeginPhase(nullptr);
  for (size_t i = 0; i < set.prompts.size(); ++i) context.bus->Issue(SpecOf(context, weights, set, i), nullptr);
  std::vector<GradedGroup> groups(set.prompts.size());
  size_t complete = 0;
  double waiting_since = NowSeconds();
  const double limit = context.config->cluster.step_timeout_s;
  const auto total = static_cast<int64_t>(groups.size());
  Progress progress(context.config->monitor.progress, Concat(context.label, " ", set.name), total, "prompt");
  while (complete < groups.size()) {
    for (GradedGroup& group : context.bus->Poll(std::chrono::milliseconds(100))) {
      const auto index = static_cast<size_t>(group.rollout.group.group_id);
      groups.at(index) = std::move(group);
      ++complete;
      waiting_since = NowSeconds();
    }
    const auto done = static_cast<int64_t>(complete);
    const bool alone = moment == EvalMoment::kAlone;
    if (alone) context.monitor->SetProgress(done, total, before);
    if (done < total) progress.Waiting(done, "sampling and grading");
    if (alone && done < total && StopRequested()) Preempt(Concat("in evaluation set ", set.name, ", whose answers are drawn again"));
    TEMPER_CHECK(NowSeconds() - waiting_since < limit, "evaluation set ", set.name, ": no group became complete for ", limit,
                 " s (cluster.step_timeout_s)");
  }
  progress.Step(total, {});
  context.monitor->Enter(phase::kPrepare);
  std::vector<EvalSample> samples;
  for (const GradedGroup& group : groups) {
    for (size_t i = 0; i < group.responses.size(); ++i) {
      samples.push_back({group.prompt->id, group.prompt->intent, group.prompt->category, group.prompt->text, group.responses[i],
                         group.grades[i], IsTruncated(group, i), ContextOf(*group.prompt)});
    }
  }
  return samples;
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
    if (AllThere(outputs, set.name, weights)) {
      context.monitor->SetProgress(all, all, before);
    } else {
      const std::vector<EvalSample> samples = SampleSet(context, weights, set, EvalMoment::kAlone, before);
      for (const EvalOutput& output : outputs) WriteSet(output, set, weights, samples);
    }
    before += all;
  }
}

}  // namespace temper
