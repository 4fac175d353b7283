#include "orchestrator/stages/gate_sweep.h"

#include <cstdio>
#include <filesystem>

#include "cluster/base/error.h"
#include "evaluation/gate_sweep.h"
#include "orchestrator/stages/eval_groups.h"
#include "record/gate_sweep_file.h"
#include "rollout/engine/first_token_gate.h"

namespace temper {
namespace {

// The log-probs of the marked tokens: each answer that begins with one carries it as the policy's own of its first token.
GatePrompt GatePromptOf(const GradedGroup& group, size_t tokens) {
  GatePrompt prompt{group.prompt->id, {}};
  const std::vector<Trajectory>& answers = group.rollout.group.trajectories;
  TEMPER_CHECK(answers.size() >= tokens, "prompt ", prompt.id, ": ", answers.size(), " answers of ", tokens, " tokens",
               group.refused.empty() ? "" : "; ", group.refused);
  for (size_t k = 0; k < tokens; ++k) prompt.logprobs.push_back(answers[k].policy_logprobs.at(0));
  return prompt;
}

}  // namespace

void SweepFirstToken(const StageContext& context, const WeightRef& weights, const EvalSet& set, const std::vector<EvalOutput>& outputs,
                     int64_t before) {
  const ModeTokens& tokens = context.data->mode_tokens;
  const size_t count = tokens.names().size();
  std::vector<GroupSpec> specs;
  for (size_t i = 0; i < set.prompts.size(); ++i) {
    specs.push_back(EvalGroup(context, weights, set, i));
    GenerationRequest& request = specs.back().task.request;
    request.num_samples *= static_cast<int64_t>(count);
    request.sampling.gate = tokens.OpenGate();
    request.sampling.gate.in_turn = true;
  }
  const std::vector<GradedGroup> groups = DrawGroups(context, set.name + " by first token", specs, EvalMoment::kAlone, before);
  std::vector<GatePrompt> prompts;
  for (const GradedGroup& group : groups) prompts.push_back(GatePromptOf(group, count));
  const double temperature = context.config->eval.temperature;
  const auto rule = [&](const GatePrompt& prompt, int64_t gated, double threshold) {
    FirstTokenGate gate = tokens.OpenGate();
    if (gated >= 0) gate.tokens.at(static_cast<size_t>(gated)).threshold = threshold;
    return FirstTokenShares(gate, prompt.logprobs, temperature);
  };
  GateSweep sweep = SweepGate(set.name, tokens.names(), prompts, SamplesOf(groups), rule);
  sweep.weight_hash = weights.hash;
  for (const EvalOutput& output : outputs) {
    std::filesystem::create_directories(output.paths.folder());
    WriteGateSweep(output.paths.GateSweep(set.name), sweep);
  }
  std::printf("%s", GateTable(sweep).c_str());
  std::fflush(stdout);
}

}  // namespace temper
