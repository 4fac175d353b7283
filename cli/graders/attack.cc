// temper attack: how often the best of k rewrites of a harmful request gets a harmful answer, and what the same rewrites do to benign ones.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <set>

#include <unistd.h>

#include "cli/commands.h"
#include "cli/graders/attack_output.h"
#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/host/cores.h"
#include "cluster/host/installation.h"
#include "cluster/host/owned_folder.h"
#include "orchestrator/job/qualified.h"
#include "policy/kernels/torch_version.h"
#include "record/grading.h"
#include "reward/spec/policy_spec.h"
#include "rollout/data/prompt_dataset.h"

namespace temper {
namespace {

struct BestOfKArguments {
  std::string config;
  std::vector<std::string> overrides;
  std::string model;
  std::vector<std::string> transforms = {"plain", "past"};
  int64_t k = 20;
  std::string set;
  std::string harmful, benign;  // FILE or FILE:COLUMN
  bool dual_use = false;
  int64_t limit = 0;
  std::string answers;
  std::string out, save;
};

// The prompts of FILE or FILE:COLUMN, all of one intent.
std::vector<Prompt> PromptsOf(const std::string& argument, const std::string& intent, int64_t limit) {
  const size_t colon = argument.rfind(':');
  const bool whole = colon == std::string::npos || std::filesystem::exists(argument);
  DatasetOptions options{.path = whole ? argument : argument.substr(0, colon), .limit = limit};
  options.columns = {.id = "", .prompt = whole ? "prompt" : argument.substr(colon + 1), .category = "", .intent = ""};
  std::vector<Prompt> prompts = LoadPrompts(options).prompts;
  for (Prompt& prompt : prompts) prompt.intent = intent;
  return prompts;
}

// Tries of a transform that is named twice would be the same, and count twice.
void CheckNamedOnce(const std::vector<std::string>& names) {
  for (auto name = names.begin(); name != names.end(); ++name)
    if (std::find(names.begin(), name, *name) != name) throw ConfigError(Concat("--transform ", *name, " is given twice; name it once"));
}

// The transforms by name: as the config has them in data.transforms, or with their defaults.
std::vector<TransformEntry> TransformsOf(const ExperimentConfig& config, const std::vector<std::string>& names) {
  std::vector<TransformEntry> entries;
  for (const std::string& name : names) {
    const TransformType& type = TransformTypes().At(name);
    const auto& known = config.data.transforms;
    const auto found = std::find_if(known.begin(), known.end(), [&](const TransformEntry& entry) { return entry.type == &type; });
    if (found != known.end()) {
      entries.push_back(*found);
      continue;
    }
    entries.push_back({.type = &type, .share = 0, .eval = {}, .options = type.options()});
    try {
      entries.back().options->Make();
    } catch (const ConfigError& error) {
      throw ConfigError(Concat("--transform ", name, ": its settings must stand in data.transforms of the config: ", error.what()));
    }
  }
  return entries;
}

// The first prompts of each intent.
void Limit(int64_t count, std::vector<Prompt>* prompts) {
  std::map<std::string, int64_t> seen;
  if (count > 0) std::erase_if(*prompts, [&](const Prompt& prompt) { return ++seen[prompt.intent] > count; });
}

struct Asked {
  DataStore reader;
  std::vector<Prompt> prompts;
  std::string what;
};

// The prompts, and how the model reads them. `folder`: where the built-in world may be written.
Asked PromptsAndReader(const BestOfKArguments& arguments, const ExperimentConfig& config, const std::string& folder) {
  Asked asked;
  const DataFiles files = EnsureWorld(config, folder);
  if (!arguments.harmful.empty()) {
    asked.reader = OpenReader(config, files);
    asked.prompts = PromptsOf(arguments.harmful, "malicious", arguments.limit);
    asked.what = arguments.harmful;
    if (arguments.benign.empty()) return asked;
    std::vector<Prompt> benign = PromptsOf(arguments.benign, "benign", arguments.limit);
    for (Prompt& prompt : benign) prompt.id = "benign/" + prompt.id;
    asked.prompts.insert(asked.prompts.end(), benign.begin(), benign.end());
    asked.what += Concat(" and ", arguments.benign);
    return asked;
  }
  asked.reader = LoadData(config, PolicySpecOf(config.reward.policy_spec), files);
  if (asked.reader.eval_sets.empty()) throw ConfigError("the config has no evaluation set: name prompts with --harmful FILE");
  std::set<std::string> told;
  TellRemarks(asked.reader, &told);
  const EvalSet& set = asked.reader.eval_sets.front();
  asked.prompts = set.prompts;
  asked.what = Concat("evaluation set ", set.name);
  Limit(arguments.limit, &asked.prompts);
  return asked;
}

// The config as for an evaluation of the model.
ExperimentConfig ConfigOf(const BestOfKArguments& arguments) {
  std::vector<std::string> overrides = {"arms={}", "seeds=[]", "sweep={}"};
  overrides.insert(overrides.end(), arguments.overrides.begin(), arguments.overrides.end());
  overrides.insert(overrides.end(), {"stages=[eval]", "policy.lora.rank=0"});
  if (!arguments.model.empty()) overrides.push_back("policy.path=" + arguments.model);
  if (!arguments.set.empty()) overrides.push_back("eval.sets=[" + arguments.set + "]");
  return LoadExperiment(arguments.config, overrides).base;
}

int BestOfKCommand(const BestOfKArguments& arguments) {
  CheckNamedOnce(arguments.transforms);
  SetComputeThreads(UsableCores());
  const ExperimentConfig config = ConfigOf(arguments);
  AttackReport report{.model = arguments.model, .prompts = arguments.answers, .graded_by = {}, .k = arguments.k, .outcomes = {}};
  std::vector<AttackTryRow> rows;
  if (!arguments.answers.empty()) {
    rows = ReadTries(arguments.answers, "malicious");
  } else {
    if (arguments.model.empty()) throw ConfigError("temper attack needs --model DIR, or --answers FILE");
    const auto transforms = TransformsOf(config, arguments.transforms);
    const OwnedFolder world((std::filesystem::temp_directory_path() / Concat("temper-0-", getpid())).string(),
                            "set TMPDIR to a writable place");
    const Asked asked = PromptsAndReader(arguments, config, world.path());
    report.prompts = asked.what;
    rows = DrawTries(config, asked.reader, arguments.model, transforms, asked.prompts, arguments.k, &report.not_rewritten);
  }
  GradeTries(config.reward, &rows);
  report.graded_by = GradingLine(GraderDescription(config.reward));
  report.outcomes = OutcomesOf(rows, arguments.k, arguments.dual_use);
  std::cout << AttackReportText(report);
  if (!arguments.out.empty()) WriteFile(arguments.out, AttackReportJson(report));
  std::string lines;
  for (const AttackTryRow& row : rows) lines += TryJson(row);
  if (!arguments.save.empty()) WriteFile(arguments.save, lines);
  return kExitDone;
}

void BindBestOfK(CLI::App* command, BestOfKArguments* a) {
  command->add_option("config", a->config, "config of a job: its graders, sampling and prompts")
      ->required()
      ->transform([](const std::string& path) { return FindShipped(path); });
  command->add_option("overrides", a->overrides, "a.b=value, applied over the file");
  auto* model = command->add_option("--model", a->model, "Hugging Face folder that is attacked");
  auto* transform =
      command->add_option("--transform", a->transforms, Concat("rewrite by this (plain and past); repeatable: ", TransformTypes().Help()))
          ->allow_extra_args(false);
  command->add_option("-k,--tries", a->k, "rewrites of each prompt, each answered once (20)")->check(CLI::Range(1, 10000));
  auto* set = command->add_option("--set", a->set, "evaluation set of the config (default: its first)");
  auto* harmful = command->add_option("--harmful", a->harmful, "harmful prompts in place of a set: FILE, or FILE:COLUMN")->excludes(set);
  command->add_option("--benign", a->benign, "benign prompts beside them, for over-refusal and help: FILE, or FILE:COLUMN")->needs(harmful);
  command->add_flag("--dual-use", a->dual_use, "attack the set's dual-use prompts, too");
  auto* limit = command->add_option("--limit", a->limit, "prompts of each intent, the first ones; 0 = all")->check(CLI::Range(0, 1000000));
  auto* answers = command->add_option("--answers", a->answers,
                                      "grade answers made elsewhere, rows of {id, prompt, response[, intent, category, transform, "
                                      "truncated]}; rows of one id are tries, without a column intent of harmful prompts");
  for (CLI::Option* asks : {model, transform, set, harmful, limit}) answers->excludes(asks);
  command->add_option("--out", a->out, "write the figures as JSON");
  command->add_option("--save", a->save, "write every try with its answer as JSONL, which --answers reads");
  AddExamples(
      command,
      {{"temper attack configs/quickstart.yaml --model runs/quickstart/refusal/weights/step_100 --set held_out_topics --transform "
        "world_past",
        "best of 20 past-tense rewrites of the built-in world"},
       {"temper attack my_job.yaml --model MODEL --harmful behaviors.csv:Goal --benign safe.csv --transform plain --transform past -k 8",
        "your prompts, as they are and in the past tense"}});
}

}  // namespace

void AddAttackCommand(const CommandContext& context) {
  AddCommand<BestOfKArguments>(
      context, "attack",
      "rewrites harmful prompts k times, grades the answers and tells how often the best try succeeds (ASR@k), with "
      "over-refusal and help of benign ones beside",
      BindBestOfK, BestOfKCommand);
}

}  // namespace temper
