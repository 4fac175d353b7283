// temper eval: the same as temper launch, for a model to evaluate.
#include "cli/commands.h"
#include "cli/train_options.h"
#include "cluster/base/error.h"
#include "orchestrator/launch/supervisor.h"
#include "orchestrator/launch/sweep_launch.h"

namespace temper {
namespace {

struct EvalArguments {
  EvalArguments() { train.resume = "never"; }  // the model may be another one at the same place
  TrainArguments train;
  std::string model;
  std::string prefill;  // depths, "0,16,32"; "" = as the config says
};

void BindEval(CLI::App* command, EvalArguments* arguments) {
  AddTrainOptions(command, &arguments->train);
  command->get_option("--resume")->description("never (default: an earlier evaluation is kept aside), auto, or a checkpoint's folder");
  command->add_option("--model", arguments->model, "Hugging Face folder")->required();
  command
      ->add_option("--prefill", arguments->prefill,
                   "also evaluate behind the first so many tokens of an unsafe answer, such as 0,16,32,64 (eval.prefill)")
      ->check([](const std::string& text) {
        return text.find_first_not_of("0123456789,") == std::string::npos ? "" : "depths are numbers with commas, such as 0,16,32,64";
      });
  AddExamples(
      command,
      {{"temper eval configs/quickstart.yaml --model runs/quickstart/refusal/weights/step_100", "evaluates a model that a run left"},
       {"temper eval configs/quickstart.yaml --model MODEL --prefill 0,8,16,24", "safety by depth of an unsafe beginning"}});
}

int EvalCommand(const EvalArguments& arguments) {
  TrainArguments given = arguments.train.member.empty() ? arguments.train : OneRun(arguments.train);
  if (!arguments.prefill.empty()) given.overrides.push_back(Concat("eval.prefill=[", arguments.prefill, "]"));
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
