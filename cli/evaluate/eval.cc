// temper eval: the same as temper launch, for a model to evaluate; with --suite the measuring of answers to a published suite.
#include <iostream>

#include "cli/commands.h"
#include "cli/evaluate/suite_eval.h"
#include "cli/train_options.h"
#include "cluster/base/error.h"
#include "orchestrator/launch/supervisor.h"
#include "orchestrator/launch/sweep_launch.h"
#include "views/suites/suite_pages.h"

namespace temper {
namespace {

struct EvalArguments {
  EvalArguments() { train.resume = "never"; }  // the model may be another one at the same place
  TrainArguments train;
  std::string model;
  bool gate_sweep = false;
  std::string prefill;  // depths, "0,16,32"; "" = as the config says
  SuiteArguments suite;
  bool list_suites = false;
};

void BindSuite(CLI::App* command, EvalArguments* arguments) {
  constexpr char kGroup[] = "Published suites";
  SuiteArguments& suite = arguments->suite;
  const auto add = [&](const std::string& name, auto* value, const std::string& help) {
    return command->add_option(name, *value, help)->group(kGroup);
  };
  command->add_flag("--list-suites", arguments->list_suites, "say which suites there are, with licence and files")->group(kGroup);
  CLI::Option* name = add("--suite", &suite.suite, "measure answers to this published suite; CONFIG then only says who grades");
  for (const char* of_job : {"--gate-sweep", "--prefill"}) name->excludes(command->get_option(of_job));
  add("--path", &suite.paths, "a file of the suite, as published; repeatable")->allow_extra_args(false)->needs(name);
  CLI::Option* answers = add("--answers", &suite.answers,
                             "answers that were made elsewhere, instead of --model: .jsonl, .json or .csv of {prompt or id, response}, or "
                             "what temper generate "
                             "writes")
                             ->needs(name);
  command->get_option("--model")->excludes(answers);
  command->add_flag("--no-graders", suite.no_graders, "ask no grader: the suite's words and the labels of the answers alone")
      ->group(kGroup)
      ->needs(name);
  add("--limit", &suite.limit, "the first so many prompts of each intent (default: all)")->check(CLI::Range(1, 1 << 30))->needs(name);
  const auto of_model = [&](const std::string& option, auto* value, const std::string& help) {
    return add(option, value, help)->needs(name)->excludes(answers);
  };
  of_model("--samples", &suite.generate.num_samples, "answers to each prompt")->check(CLI::Range(1, 1 << 16));
  of_model("--temperature", &suite.generate.temperature, "of --model; 0 = greedy (default)");
  of_model("--max-new-tokens", &suite.generate.max_new_tokens, "longest answer of --model (default 256)");
  of_model("--system", &suite.generate.system, "system prompt of --model");
  of_model("--template", &suite.prompt_template, "what --model is shown; {prompt} stands for the prompt");
  add("-o,--out", &suite.out, "folder for answers, grades and figures, and a page of all suites in it")->needs(name);
  command->add_flag("--json", suite.json, "print the figures as JSON")->group(kGroup)->needs(name);
}

void BindEval(CLI::App* command, EvalArguments* arguments) {
  AddTrainOptions(command, &arguments->train, /*config_required=*/false);
  command->get_option("--resume")->description("never (default: an earlier evaluation is kept aside), auto, or a checkpoint's folder");
  command->add_option("--model", arguments->model, "Hugging Face folder");
  command->add_flag(
      "--gate-sweep", arguments->gate_sweep,
      "also over-refusal against unsafe answers for every threshold of every mode token (policy.mode_tokens), from one pass over a "
      "prompt and an answer from each token");
  command
      ->add_option("--prefill", arguments->prefill,
                   "also evaluate behind the first so many tokens of an unsafe answer, such as 0,16,32,64 (eval.prefill)")
      ->check([](const std::string& text) {
        return text.find_first_not_of("0123456789,") == std::string::npos ? "" : "depths are numbers with commas, such as 0,16,32,64";
      });
  BindSuite(command, arguments);
  AddExamples(
      command,
      {{"temper eval configs/quickstart.yaml --model runs/quickstart/refusal/weights/step_100", "evaluates a model that a run left"},
       {"temper eval configs/methods/mode_tokens.yaml --model MODEL --gate-sweep", "draws the curve of the first token's thresholds"},
       {"temper eval --suite xstest --path xstest_prompts.csv --model MODEL -o suites", "answers XSTest and measures it"},
       {"temper eval --suite or_bench --path or-bench-hard-1k.csv --path or-bench-toxic.csv --answers answers.jsonl",
        "measures answers that were made elsewhere"}});
}

int EvalCommand(const EvalArguments& arguments) {
  if (arguments.list_suites) {
    std::cout << SuiteList();
    return kExitDone;
  }
  if (!arguments.suite.suite.empty()) return EvaluateSuite(arguments.suite, arguments.train, arguments.model);
  if (arguments.train.config.empty()) throw ConfigError("temper eval needs CONFIG with --model DIR, or --suite NAME with --path FILE");
  if (arguments.model.empty()) throw ConfigError("temper eval CONFIG needs --model DIR: what is evaluated");
  TrainArguments given = arguments.train.member.empty() ? arguments.train : OneRun(arguments.train);
  if (!arguments.prefill.empty()) given.overrides.push_back(Concat("eval.prefill=[", arguments.prefill, "]"));
  if (arguments.gate_sweep) given.overrides.push_back("eval.gate_sweep=true");
  return SuperviseJob({.train = EvaluationOf(given, arguments.model), .hostfile = ""});
}

}  // namespace

void AddEvalCommand(const CommandContext& context) {
  AddCommand<EvalArguments>(
      context, "eval",
      "evaluates a model folder under a config, its arms left out, into <run.dir>/<run.name>-eval: temper eval CONFIG --model DIR; or "
      "measures answers to a published suite: temper eval [CONFIG] --suite NAME --path FILE (--model DIR | --answers FILE)",
      BindEval, EvalCommand);
}

}  // namespace temper
