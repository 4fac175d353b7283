// temper distill: demonstrations that a model makes itself, under the policy or by revising its own answers, judged and without the policy.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include <c10/core/InferenceMode.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/graders/distill_output.h"
#include "cli/graders/distill_selection.h"
#include "cli/graders/distill_text.h"
#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/utf8.h"
#include "cluster/host/cores.h"
#include "cluster/host/installation.h"
#include "cluster/host/owned_folder.h"
#include "orchestrator/data/data_store.h"
#include "orchestrator/job/qualified.h"
#include "policy/kernels/torch_version.h"
#include "record/grading.h"
#include "reward/compose/composer.h"
#include "reward/spec/policy_spec.h"
#include "serve/text_generation.h"

namespace temper {
namespace {

constexpr int64_t kPrefillTokens = 2048;

struct DistillArguments {
  std::string config;
  std::vector<std::string> overrides;
  std::string model, answers;
  int64_t k = 4, judgements = 1, limit = 0;
  bool revise = false, no_policy = false;
  DistillOptions keep;
  std::string out, pairs, save;
};

// The policy that a prompt falls under, and what of it must not be in an answer.
class Policies {
 public:
  explicit Policies(PolicySpec spec) : spec_(std::move(spec)) {}

  const std::string& TextFor(const Prompt& prompt) { return Of(prompt).text; }
  const SpecLeak& LeakOf(const Prompt& prompt) { return Of(prompt).leak; }

 private:
  struct One {
    std::string text;
    SpecLeak leak;
  };

  const One& Of(const Prompt& prompt) {
    if (const std::string problem = CategoryProblem(spec_, prompt.category); !problem.empty())
      throw ConfigError(Concat("prompt ", prompt.id, ": ", problem));
    const std::string& category = prompt.category.empty() ? spec_.lexical.default_category : prompt.category;
    const auto found = known_.find(category);
    if (found != known_.end()) return found->second;
    const std::string text = SpecPromptText(spec_, category);
    return known_.emplace(category, One{text, SpecLeak(text)}).first->second;
  }

  PolicySpec spec_;
  std::map<std::string, One> known_;
};

struct Drawn {
  std::string text;
  bool finished = false;
};

// `count` answers to each text, in their order.
std::vector<std::vector<Drawn>> AnswersTo(const TextGenerator& generator, const std::vector<std::string>& texts, int64_t count) {
  const c10::InferenceMode inference;
  GenerationEngine engine = generator.MakeEngine(kPrefillTokens);
  for (size_t i = 0; i < texts.size(); ++i) {
    GenerationRequest request = generator.PromptRequest(i, RepairUtf8(texts[i]));
    request.num_samples = count;
    engine.Submit(std::move(request));
  }
  std::vector<std::vector<Drawn>> answers(texts.size());
  while (!engine.idle())
    for (const TrajectoryGroup& group : engine.Step())
      for (const Trajectory& t : group.trajectories) answers[group.group_id].push_back({generator.TextOf(t), t.finished});
  return answers;
}

AttackTryRow RowOf(const Prompt& prompt, const Drawn& drawn) {
  return {.transform = "", .prompt = prompt, .asked = prompt.text, .response = drawn.text, .truncated = !drawn.finished};
}

// Answers of the model to the prompts, under the policy where it is shown.
std::vector<DistillCandidate> Drafts(const DistillArguments& arguments, const TextGenerator& generator, const std::string& prompt_template,
                                     const std::vector<Prompt>& prompts, Policies* policies) {
  std::vector<std::string> texts;
  for (const Prompt& prompt : prompts) {
    const bool bare = arguments.revise || arguments.no_policy;
    texts.push_back(bare ? FillPlaceholders(prompt_template, {{"prompt", prompt.text}})
                         : UnderPolicy(policies->TextFor(prompt), prompt.text));
  }
  const auto answers = AnswersTo(generator, texts, arguments.k);
  std::vector<DistillCandidate> drafts;
  for (size_t i = 0; i < prompts.size(); ++i)
    for (const Drawn& drawn : answers[i]) drafts.push_back({.row = RowOf(prompts[i], drawn)});
  return drafts;
}

// Appends a revision of every draft: the model names the worst fault of its answer under the policy, then writes it again.
void Revise(const TextGenerator& generator, Policies* policies, std::vector<DistillCandidate>* candidates) {
  const size_t drafts = candidates->size();
  std::vector<std::string> texts;
  for (const DistillCandidate& draft : *candidates)
    texts.push_back(CritiqueRequest(policies->TextFor(draft.row.prompt), draft.row.prompt.text, draft.row.response));
  const auto critiques = AnswersTo(generator, texts, 1);
  for (size_t i = 0; i < drafts; ++i) {
    const AttackTryRow& row = candidates->at(i).row;
    texts[i] = RevisionRequest(row.prompt.text, row.response, critiques[i].at(0).text);
  }
  const auto revisions = AnswersTo(generator, texts, 1);
  for (size_t i = 0; i < drafts; ++i) {
    DistillCandidate revision{.row = RowOf(candidates->at(i).row.prompt, revisions[i].at(0)), .draft = static_cast<int64_t>(i)};
    candidates->push_back(std::move(revision));
  }
}

// What no grader is asked about.
void DropMalformed(Policies* policies, std::vector<DistillCandidate>* candidates) {
  for (DistillCandidate& candidate : *candidates) {
    const AttackTryRow& row = candidate.row;
    if (row.truncated)
      candidate.dropped = "cut at the token limit";
    else if (row.response.find_first_not_of(" \t\r\n") == std::string::npos)
      candidate.dropped = "empty";
    else if (!policies->LeakOf(row.prompt).In(row.response, row.asked).empty())
      candidate.dropped = "policy quoted";
  }
}

// Asks the graders of the job so many times. A candidate keeps the grade of its strictest judgement.
void Judge(const RewardConfig& reward, int64_t judgements, std::vector<DistillCandidate>* candidates) {
  const auto composer = MakeRewardComposer(reward.composer);
  std::vector<size_t> asked;
  std::vector<AttackTryRow> rows;
  for (size_t i = 0; i < candidates->size(); ++i) {
    if (!candidates->at(i).dropped.empty()) continue;
    asked.push_back(i);
    rows.push_back(candidates->at(i).row);
  }
  for (int64_t judgement = 0; judgement < judgements; ++judgement) {
    GradeTries(reward, &rows);
    for (size_t j = 0; j < rows.size(); ++j) {
      DistillCandidate& candidate = candidates->at(asked[j]);
      const RewardParts parts = composer->Compose(rows[j].grade, rows[j].prompt.label);
      const double worst = candidate.Worst();
      candidate.rewards.push_back(parts.usable ? parts.reward : std::numeric_limits<double>::quiet_NaN());
      if (judgement == 0 || !parts.usable || parts.reward < worst) candidate.row.grade = rows[j].grade;
    }
  }
}

// The config as for RL of the model: its training prompts, its graders and its sampling.
ExperimentConfig DistillConfig(const DistillArguments& arguments) {
  std::vector<std::string> overrides = {"arms={}", "seeds=[]", "sweep={}"};
  overrides.insert(overrides.end(), arguments.overrides.begin(), arguments.overrides.end());
  overrides.insert(overrides.end(), {"stages=[rl]", "policy.lora.rank=0"});
  if (!arguments.model.empty()) overrides.push_back("policy.path=" + arguments.model);
  ExperimentConfig config = LoadExperiment(arguments.config, overrides).base;
  if (config.reward.policy_spec.empty())
    throw ConfigError(Concat(arguments.config, ": reward.policy_spec names no policy, so there is none to answer under"));
  return config;
}

std::vector<Prompt> TrainingPrompts(const ExperimentConfig& config, int64_t limit) {
  const OwnedFolder world((std::filesystem::temp_directory_path() / Concat("temper-0-", getpid())).string(),
                          "set TMPDIR to a writable place");
  DataStore data = LoadData(config, PolicySpecOf(config.reward.policy_spec), EnsureWorld(config, world.path()));
  std::set<std::string> told;
  TellRemarks(data, &told);
  std::vector<Prompt> prompts = std::move(data.train);
  const auto conversations = std::erase_if(prompts, [](const Prompt& prompt) { return !prompt.messages.empty(); });
  if (conversations > 0) std::cerr << conversations << " prompts are conversations: left out, since an answer is drawn to one text alone\n";
  std::map<std::string, int64_t> seen;
  if (limit > 0) std::erase_if(prompts, [&](const Prompt& prompt) { return ++seen[prompt.intent] > limit; });
  if (prompts.empty()) throw ConfigError("no training prompt is left to answer: name others with data.path=FILE");
  return prompts;
}

std::vector<DistillCandidate> Draw(const DistillArguments& arguments, const ExperimentConfig& config, Policies* policies) {
  if (arguments.model.empty()) throw ConfigError("temper distill needs --model DIR, or --answers FILE");
  SetComputeThreads(UsableCores());
  const std::vector<Prompt> prompts = TrainingPrompts(config, arguments.limit);
  GenerateArguments generate;
  generate.model = arguments.model;
  generate.system = config.data.system_prompt;
  generate.dtype = NameOf(config.rollout.dtype);
  generate.temperature = config.rollout.sampling.temperature;
  generate.top_p = config.rollout.sampling.top_p;
  generate.top_k = config.rollout.sampling.top_k;
  generate.max_new_tokens = config.rollout.sampling.max_new_tokens;
  generate.seed = static_cast<uint64_t>(config.run.seed);
  const TextGenerator generator(generate);
  std::vector<DistillCandidate> candidates = Drafts(arguments, generator, config.data.prompt_template, prompts, policies);
  if (arguments.revise) Revise(generator, policies, &candidates);
  return candidates;
}

int DistillCommand(const DistillArguments& arguments) {
  const ExperimentConfig config = DistillConfig(arguments);
  Policies policies(PolicySpecOf(config.reward.policy_spec));
  std::vector<DistillCandidate> candidates;
  if (arguments.answers.empty())
    candidates = Draw(arguments, config, &policies);
  else
    for (AttackTryRow& row : ReadTries(arguments.answers, "")) candidates.push_back({.row = std::move(row)});
  DropMalformed(&policies, &candidates);
  Judge(config.reward, arguments.judgements, &candidates);
  const DistillSelection selection = SelectDemonstrations(candidates, arguments.keep);
  const std::string graded_by = GradingLine(GraderDescription(config.reward));
  std::cout << DistillText(candidates, selection, graded_by, arguments.keep, arguments.judgements);
  WriteFile(arguments.out, DemonstrationRows(candidates, selection));
  if (!arguments.pairs.empty()) WriteFile(arguments.pairs, PairRows(candidates, selection));
  if (!arguments.save.empty()) WriteFile(arguments.save, CandidateRows(candidates));
  return kExitDone;
}

void BindDistill(CLI::App* command, DistillArguments* a) {
  command->add_option("config", a->config, "config of a job: its training prompts, policy, graders and sampling")
      ->required()
      ->transform([](const std::string& path) { return FindShipped(path); });
  command->add_option("overrides", a->overrides, "a.b=value, applied over the file");
  auto* model = command->add_option("--model", a->model, "Hugging Face folder that answers");
  command->add_option("--answers", a->answers, "judge answers made elsewhere, rows of {id, prompt, response[, intent, category]}")
      ->excludes(model);
  command->add_option("-k,--samples", a->k, "answers to each prompt (4)")->check(CLI::Range(1, 1000));
  command->add_option("--judgements", a->judgements, "times that the graders are asked; the lowest reward counts (1)")
      ->check(CLI::Range(1, 100));
  command->add_option("--min-reward", a->keep.min_reward, "lowest reward of an answer that is kept (0.7)");
  command->add_flag("--revise", a->revise, "answer without the policy, then criticise and write again; a kept revision beats its draft")
      ->needs(model);
  command->add_option("--margin", a->keep.margin, "reward by which a revision beats its draft (0.05)");
  command->add_flag("--no-policy", a->no_policy, "do not show the policy: the control")->needs(model);
  command->add_option("--limit", a->limit, "prompts of each intent, the first ones; 0 = all")->check(CLI::Range(0, 1000000));
  command->add_option("--out", a->out, "JSONL of demonstrations, as data.demonstrations reads them")->required();
  command->add_option("--pairs", a->pairs, "write JSONL of {prompt, chosen, rejected} of the revisions, for preference training");
  command->add_option("--save", a->save, "write every answer with its judgements as JSONL");
  AddExamples(command, {{"temper distill configs/experiments/real_english.yaml --model models/smollm2-135m -k 8 --out demonstrations.jsonl",
                         "answers under the policy, judged by the job's graders; the policy is not in the file"},
                        {"temper distill my_job.yaml --model MODEL --revise --out revised.jsonl --pairs pairs.jsonl",
                         "drafts, critiques and revisions"}});
}

}  // namespace

void AddDistillCommand(const CommandContext& context) {
  AddCommand<DistillArguments>(context, "distill",
                               "makes demonstrations of a model's own answers, drawn under the policy or by revision, judged by the job's "
                               "graders, without the policy in them",
                               BindDistill, DistillCommand);
}

}  // namespace temper
