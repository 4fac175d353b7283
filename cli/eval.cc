// temper eval: the same as temper launch, for a model to evaluate.
#include "cli/commands.h"
#include "cli/train_options.h"
#include "orchestrator/launch/supervisor.h"
#include "orchestrator/launch/sweep_launch.h"

namespace temper {
namespace {

struct EvalArguments {
  EvalArguments() { train.resume = "never"; }  // the model may be another one at the same place
  TrainArguments train;
  std::string model;
  bool gate_sweep = false;
};

void BindEval(CLI::App* command, EvalArguments* arguments) {
  AddTrainOptions(command, &arguments->train);
  command->get_option("--resume")->description("never (default: an earlier evaluation is kept aside), auto, or a checkpoint's folder");
  command->add_option("--model", arguments->model, "Hugging Face folder")->required();
  command->add_flag(
      "--gate-sweep", arguments->gate_sweep,
      "also over-refusal against unsafe answers for every threshold of every mode token (policy.mode_tokens), from one pass over a "
      "prompt and an answer from each token");
  AddExamples(
      command,
      {{"temper eval configs/methods/mode_tokens.yaml --model MODEL --gate-sweep", "draws the curve of the first token's thresholds"},
       {"temper eval configs/quickstart.yaml --model runs/quickstart/refusal/weights/step_100", "evaluates a model that a run left"}});
}

int EvalCommand(const EvalArguments& arguments) {
  TrainArguments given = arguments.train.member.empty() ? arguments.train : OneRun(arguments.train);
  if (arguments.gate_sweep) given.overrides.push_back("eval.gate_sweep=true");
  return SuperviseJob({.train = EvaluationOf(given, arguments.model), .hostfile = ""});
}

}  // namespace

void AddEvalCommand(const CommandContext& context) {
  AddCommand<EvalArguments>(
      context, "eval",
      "evaluates a model folder under a config, its arms left out, into <run.dir>/<run.name>-eval: temper eval CONFIG --model DIR",
      BindEval, EvalCommand);
}

}  // namespace temper
