#include <algorithm>
#include <utility>

#include "cluster/base/error.h"
#include "cluster/base/step_number.h"
#include "cluster/host/stop_signals.h"
#include "orchestrator/stages/progress.h"
#include "orchestrator/stages/stage.h"
#include "orchestrator/stages/stage_metrics.h"
#include "orchestrator/stages/stage_state.h"
#include "orchestrator/stages/step_clock.h"
#include "record/checkpoint.h"
#include "record/metrics_file.h"
#include "rollout/data/data_order.h"

namespace temper {
namespace {

// What the demonstration at a place in the stage's order is trained as.
std::vector<SftExample> ExamplesOf(const StageContext& context, size_t index, int64_t place) {
  const DataStore& data = *context.data;
  const SftConfig& sft = context.config->sft;
  if (!sft.derta.enabled()) return {data.demonstrations[index]};
  return DertaExamples(data.demonstrations[index], data.unsafe_answers[index], sft.derta, data.transition_target,
                       static_cast<uint64_t>(context.config->run.seed), static_cast<uint64_t>(place),
                       std::min(sft.max_tokens, data.model.max_positions));
}

// One batch, dealt out to the learners in turn.
std::vector<LearnerTask> Shares(const StageContext& context, int64_t step, DataOrder* order) {
  std::vector<SftOrder> shares(static_cast<size_t>(context.num_learners), {step, {}});
  const int64_t batch = context.config->sft.batch_size;
  for (int64_t i = 0; i < batch; ++i) {
    std::vector<SftExample>& share = shares[static_cast<size_t>(i % context.num_learners)].examples;
    for (SftExample& example : ExamplesOf(context, static_cast<size_t>(order->Next()), step * batch + i))
      share.push_back(std::move(example));
  }
  return TasksOf(std::move(shares));
}

void BeginStage(const StageContext& context) {
  context.bus->OrderAndWait(ForAll(context, {BeginStageOrder{context.config->sft.optimizer, context.config->sft.steps, false}}));
}

}  // namespace

std::string RunSft(const StageContext& context) {
  const ExperimentConfig& config = *context.config;
  std::string weights = context.paths.Weights(config.sft.steps);
  if (HoldsPolicy(weights)) {
    LoadPolicy(context, weights);
    return weights;
  }
  CheckpointStore store(context.paths.Checkpoints(), config.checkpoint.keep);
  StageState state;
  state.stage = "sft";
  state.data_digest = context.data->digest;
  state.settings = SettingsOf(*context.resolved, {"sft.steps", "sft.batch_size", "sft.derta.", "sft.optimizer.", "run.seed"});
  StartPolicy(context);
  BeginStage(context);
  const int64_t first = ResumeStage(context, store, state).step;
  DataOrder order(static_cast<uint64_t>(config.run.seed), "sft", static_cast<int64_t>(context.data->demonstrations.size()));
  order.Seek(first * config.sft.batch_size);
  context.monitor->SetProgress(first, config.sft.steps);
  StageMetrics metrics(context, "sft", first);
  Progress progress(config.monitor.progress, context.label, config.sft.steps);
  StepClock clock;
  uint64_t checkpoint_bytes = 0;  // of the one that follows the step before; 0 = none does
  for (int64_t step = first; step < config.sft.steps; ++step) {
    const std::vector<LearnerTask> tasks = Shares(context, step, &order);
    clock.Mark("timing_s/data");
    StepRow row{.step = StepNumber(step), .values = context.bus->OrderAndWait(tasks).report};
    clock.Mark("timing_s/learner_round_trip");
    row.values.merge(clock.TakeStep());
    row.values["perf/tokens_per_s"] = row.values["perf/stream_tokens"] / row.values["timing_s/step"];
    if (checkpoint_bytes > 0) row.values["sys/checkpoint_bytes"] = static_cast<double>(std::exchange(checkpoint_bytes, 0));
    metrics.Write(row);
    context.monitor->OnStep(step + 1, config.sft.steps, row.values);
    const bool shown = step == first || (step + 1) % 20 == 0 || step + 1 == config.sft.steps;
    if (shown) progress.Step(step + 1, row.values, context.monitor->job_left_s());
    clock.Mark("timing_s/record");
    state.step = step + 1;
    const bool stop = StopRequested();
    if (state.step < config.sft.steps && (stop || state.step % config.checkpoint.sft_every == 0))
      checkpoint_bytes = SaveStage(context, &store, state);
    clock.Mark("timing_s/checkpoint");
    if (stop && state.step < config.sft.steps) Preempt(Concat("after SFT step ", state.step));
  }
  ExportPolicy(context, weights);
  return weights;
}

}  // namespace temper
