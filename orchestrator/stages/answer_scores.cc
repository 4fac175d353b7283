#include <algorithm>
#include <filesystem>

#include "cluster/telemetry/telemetry_phases.h"
#include "orchestrator/stages/stage.h"
#include "record/eval_files.h"

namespace temper {
namespace {

// Those of the data, dealt out to the learners in turn.
std::vector<LearnerTask> Shares(const StageContext& context) {
  const std::vector<SftExample>& answers = context.data->held_out_answers;
  std::vector<ScoreOrder> shares(static_cast<size_t>(context.num_learners));
  for (size_t i = 0; i < answers.size(); ++i) shares[i % shares.size()].examples.push_back(answers[i]);
  return TasksOf(std::move(shares));
}

}  // namespace

void ScoreHeldOutAnswers(const StageContext& context, const WeightRef& weights, const std::vector<EvalOutput>& outputs) {
  if (context.data->held_out_answers.empty()) return;
  const bool written = std::all_of(outputs.begin(), outputs.end(),
                                   [&](const EvalOutput& output) { return HasAnswerScores(output.paths.AnswerScores(), weights.hash); });
  if (written) return;
  context.monitor->Enter(phase::kEval);
  const UpdateReport sums = context.bus->OrderAndWait(Shares(context)).report;
  const AnswerScores scores{.answers = static_cast<int64_t>(sums.at("answers")),
                            .loss = sums.at("loss"),
                            .tokens = sums.at("tokens"),
                            .loss_squared = sums.at("loss_squared"),
                            .tokens_squared = sums.at("tokens_squared"),
                            .loss_tokens = sums.at("loss_tokens")};
  for (const EvalOutput& output : outputs) {
    std::filesystem::create_directories(output.paths.folder());
    WriteAnswerScores(output.paths.AnswerScores(), {weights.hash, scores});
  }
}

}  // namespace temper
