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
};

void BindEval(CLI::App* command, EvalArguments* arguments) {
  AddTrainOptions(command, &arguments->train);
  command->get_option("--resume")->description("never (default: an earlier evaluation is kept aside), auto, or a checkpoint's folder");
  command->add_option("--model", arguments->model, "Hugging Face folder")->required();
  AddExamples(command, {{"temper eval configs/quickstart.yaml --model runs/quickstart/refusal/weights/step_100",
                         "evaluates a model that a run left"}});
}

int EvalCommand(const EvalArguments& arguments) {
  const TrainArguments given = arguments.train.member.empty() ? arguments.train : OneRun(arguments.train);
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
