#include "orchestrator/stages/eval_groups.h"

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"
#include "cluster/host/stop_signals.h"
#include "cluster/telemetry/telemetry_phases.h"
#include "orchestrator/stages/progress.h"
#include "orchestrator/stages/stage.h"

namespace temper {
namespace {

// A long text in the column is none of a policy spec's contexts, which are names.
std::string ContextOf(const Prompt& prompt) {
  constexpr size_t kMaxNameBytes = 64;
  const auto context = prompt.columns.find(kContextColumn);
  return context == prompt.columns.end() || context->second.size() > kMaxNameBytes ? "" : context->second;
}

}  // namespace

GroupSpec EvalGroup(const StageContext& context, const WeightRef& weights, const EvalSet& set, size_t index) {
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
  request.sampling = context.data->Sampling(config.rollout.sampling, spec.prompt->category);
  request.sampling.temperature = config.eval.temperature;
  spec.task.weights = weights;
  spec.task.exact = true;
  return spec;
}

std::vector<GradedGroup> DrawGroups(const StageContext& context, const std::string& set, const std::vector<GroupSpec>& specs,
                                    EvalMoment moment, int64_t before) {
  context.monitor->Enter(phase::kEval);
  context.bus->BeginPhase(nullptr);
  for (const GroupSpec& spec : specs) context.bus->Issue(spec, nullptr);
  std::vector<GradedGroup> groups(specs.size());
  size_t complete = 0;
  double waiting_since = NowSeconds();
  const double limit = context.config->cluster.step_timeout_s;
  const auto total = static_cast<int64_t>(groups.size());
  Progress progress(context.config->monitor.progress, Concat(context.label, " ", set), total, "prompt");
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
    if (alone && done < total && StopRequested()) Preempt(Concat("in evaluation set ", set, ", whose answers are drawn again"));
    TEMPER_CHECK(NowSeconds() - waiting_since < limit, "evaluation set ", set, ": no group became complete for ", limit,
                 " s (cluster.step_timeout_s)");
  }
  progress.Step(total, {});
  context.monitor->Enter(phase::kPrepare);
  return groups;
}

std::vector<EvalSample> SamplesOf(const std::vector<GradedGroup>& groups) {
  std::vector<EvalSample> samples;
  for (const GradedGroup& group : groups) {
    for (size_t i = 0; i < group.responses.size(); ++i) {
      samples.push_back({group.prompt->id, group.prompt->intent, group.prompt->category, group.prompt->text, group.responses[i],
                         group.grades[i], IsTruncated(group, i), ContextOf(*group.prompt)});
    }
  }
  return samples;
}

}  // namespace temper
