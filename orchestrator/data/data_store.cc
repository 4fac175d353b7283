#include "orchestrator/data/data_store.h"

#include <algorithm>
#include <map>
#include <set>

#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"
#include "cluster/base/log.h"
#include "evaluation/suites/suite.h"
#include "orchestrator/config/derived.h"
#include "orchestrator/data/data_transforms.h"
#include "orchestrator/data/model_files.h"
#include "orchestrator/data/training_mix.h"
#include "reward/compose/composer.h"
#include "rollout/data/dataset_rows.h"
#include "rollout/data/prompt_dataset.h"
#include "world/world.h"

namespace temper {
namespace {

// Answers to imitate for prompts that come without any: the policy spec's templates, all modes in turn.
std::vector<Demonstration> TemplateDemonstrations(const PolicySpec& spec, const std::vector<Prompt>& prompts) {
  if (spec.demonstrations.empty()) {
    throw ConfigError("data.demonstrations is empty and the policy spec has no demonstrations: give one of them, or leave stage sft out");
  }
  std::vector<Demonstration> demonstrations;
  size_t next = 0;
  for (const Prompt& prompt : prompts) {
    const DemonstrationTemplate& form = spec.demonstrations[next++ % spec.demonstrations.size()];
    demonstrations.push_back(
        {prompt, FillPlaceholders(form.text, {{"category", prompt.category}}), prompt.category, std::string(NameOf(form.mode))});
  }
  return demonstrations;
}

// The held-out share is drawn by row, so that the prompts of one row (one task in several intents) stay on one side.
void HoldOut(const ExperimentConfig& config, std::vector<Prompt>* train, std::vector<Prompt>* held_out) {
  std::vector<Prompt> kept;
  for (Prompt& prompt : *train) {
    const std::string row = prompt.id.substr(0, prompt.id.rfind('/'));
    KeyedStream stream(static_cast<uint64_t>(config.run.seed), "hold out",
                       KeyOf(config.data.columns.prompts_by_intent.empty() ? prompt.id : row));
    (stream.Uniform() < config.data.eval_fraction ? *held_out : kept).push_back(std::move(prompt));
  }
  *train = std::move(kept);
}

struct RawData {
  std::vector<Prompt> train;
  std::vector<Demonstration> demonstrations;
  std::map<std::string, std::string> unsafe_answers;  // demonstration's id -> text
  std::vector<EvalSet> eval_sets;
  std::vector<Demonstration> held_out_answers;
};

// What a prompt asks, whatever its row is called.
std::string AskedBy(const Prompt& prompt) {
  const auto messages = prompt.messages.empty() ? nlohmann::json() : nlohmann::json::parse(prompt.messages);
  return messages.size() > 1 ? messages.dump() : prompt.text;
}

// "12 of 300 prompts ...", where there are any.
void Note(size_t count, size_t of, const std::string& which, DataStore* store) {
  if (count > 0) store->remarks.push_back(Concat(count, " of ", of, " ", which));
}
void NoteLeftOut(size_t count, size_t of, const std::string& which, DataStore* store) { Note(count, of, which + ": left out", store); }

void NoteBadRows(int64_t rows, const std::string& path, DataStore* store) {
  if (rows > 0) store->remarks.push_back(Concat(rows, rows == 1 ? " row of " : " rows of ", path, " could not be read: left out"));
}

// Takes out of the training data what asks the same as a held-out prompt: rows that repeat it, and demonstrations that answer it.
void KeepApart(const std::vector<Prompt>& held_out, RawData* raw, DataStore* store) {
  std::set<std::string> asked;
  for (const Prompt& prompt : held_out) asked.insert(AskedBy(prompt));
  const size_t all_prompts = raw->train.size(), all_demonstrations = raw->demonstrations.size();
  const size_t prompts = std::erase_if(raw->train, [&](const Prompt& p) { return asked.contains(AskedBy(p)); });
  const size_t answered = std::erase_if(raw->demonstrations, [&](const Demonstration& d) { return asked.contains(AskedBy(d.prompt)); });
  NoteLeftOut(prompts, all_prompts, "prompts ask what is held out for evaluation", store);
  NoteLeftOut(answered, all_demonstrations, "demonstrations answer what is held out for evaluation", store);
}

// What an evaluation set of a file of its own asks may be trained on, too: nobody but the user knows whether that is meant.
void NoteTrainedOn(const ExperimentConfig& config, const RawData& raw, DataStore* store) {
  std::set<std::string> prompts, answered;
  if (config.HasStage("rl"))
    for (const Prompt& prompt : raw.train) prompts.insert(AskedBy(prompt));
  if (config.HasStage("sft"))
    for (const Demonstration& demonstration : raw.demonstrations) answered.insert(AskedBy(demonstration.prompt));
  const auto learned = std::count_if(raw.held_out_answers.begin(), raw.held_out_answers.end(),
                                     [&](const Demonstration& d) { return answered.contains(AskedBy(d.prompt)); });
  Note(static_cast<size_t>(learned), raw.held_out_answers.size(),
       "held-out answers are to questions that demonstrations answer: their perplexity tells of what was learned by heart", store);
  for (const EvalSet& set : raw.eval_sets) {
    const auto count = [&](const std::set<std::string>& trained) {
      return static_cast<size_t>(
          std::count_if(set.prompts.begin(), set.prompts.end(), [&](const Prompt& prompt) { return trained.contains(AskedBy(prompt)); }));
    };
    const std::string of = "prompts of evaluation set " + set.name;
    Note(count(prompts), set.prompts.size(), of + " are training prompts, too: its figures tell of what was learned by heart", store);
    Note(count(answered), set.prompts.size(), of + " are answered by demonstrations: its figures tell of what was learned by heart", store);
  }
}

// The suites become evaluation sets.
std::vector<EvaluatedSuite> LoadSuites(const DataFiles& files, DatasetOptions options, RawData* raw) {
  std::vector<EvaluatedSuite> suites;
  for (const EvalFile& file : files.suites) {
    options.path = file.path;
    const Suite& suite = FindSuite(file.set);
    LoadedPrompts loaded = LoadSuite(suite, options);
    raw->eval_sets.push_back({file.set, std::move(loaded.prompts), std::move(loaded.unsafe_answers)});
    suites.push_back({&suite, {}});
    for (const Prompt& prompt : raw->eval_sets.back().prompts) suites.back().prompts.push_back(prompt.text);
  }
  return suites;
}

RawData LoadFiles(const ExperimentConfig& config, const PolicySpec& spec, const DataFiles& files, DataStore* store) {
  RawData raw;
  DatasetOptions options{.path = files.prompts,
                         .columns = files.columns,
                         .keep_columns = config.reward.SeenColumns(),
                         .bad_row_budget = files.bad_row_budget,
                         .limit = files.limit};
  if (!NeedsUnsafeAnswers(config)) options.columns.harmful_response = "";
  if (config.HasStage("rl") || config.HasStage("eval"))
    options.problem_of = [&](const Prompt& prompt) { return CategoryProblem(spec, prompt.category); };
  LoadedPrompts train = LoadPrompts(options);
  store->digest = train.digest;
  NoteBadRows(train.bad_rows, files.prompts, store);
  raw.train = std::move(train.prompts);
  std::map<std::string, std::string> unsafe = std::move(train.unsafe_answers);
  for (const EvalFile& file : files.eval) {
    options.path = file.path;
    LoadedPrompts loaded = LoadPrompts(options);
    NoteBadRows(loaded.bad_rows, file.path, store);
    raw.eval_sets.push_back({file.set, std::move(loaded.prompts), std::move(loaded.unsafe_answers)});
  }
  const bool hold_out = files.eval.empty() && files.eval_fraction > 0;
  if (hold_out) {
    raw.eval_sets.push_back({kHeldOutSet, {}, std::move(unsafe)});
    HoldOut(config, &raw.train, &raw.eval_sets.back().prompts);
  }
  if (!files.demonstrations.empty()) {
    options.path = files.demonstrations;
    options.columns.prompts_by_intent.clear();
    LoadedDemonstrations loaded = LoadDemonstrations(options);
    NoteBadRows(loaded.bad_rows, files.demonstrations, store);
    if (config.HasStage("sft")) store->digest = KeyOf(Concat(store->digest, "\n", loaded.digest));
    raw.demonstrations = std::move(loaded.demonstrations);
    raw.unsafe_answers = std::move(loaded.unsafe_answers);
  }
  if (!files.held_out_answers.empty() && config.HasStage("eval")) {
    options.path = files.held_out_answers;
    options.columns.prompts_by_intent.clear();
    LoadedDemonstrations loaded = LoadDemonstrations(options);
    NoteBadRows(loaded.bad_rows, files.held_out_answers, store);
    raw.held_out_answers = std::move(loaded.demonstrations);
  }
  if (hold_out) KeepApart(raw.eval_sets.back().prompts, &raw, store);
  const std::vector<EvaluatedSuite> suites = LoadSuites(files, options, &raw);
  CheckTrainingMix(config, files, raw.train, raw.demonstrations, suites);
  ApplyTransforms(config, &raw.train, &raw.eval_sets, &store->digest, &store->remarks);
  if (files.demonstrations.empty() && config.HasStage("sft")) raw.demonstrations = TemplateDemonstrations(spec, raw.train);
  if (config.HasStage("eval")) NoteTrainedOn(config, raw, store);
  return raw;
}

// The mode of every demonstration, where they are to begin with its token.
void ChooseModes(const ExperimentConfig& config, RawData* raw, DataStore* store) {
  if (!store->mode_tokens.any() || !config.HasStage("sft")) return;
  const auto failed = static_cast<size_t>(GradeModes(config.reward, &raw->demonstrations));
  const auto without = static_cast<size_t>(std::count_if(raw->demonstrations.begin(), raw->demonstrations.end(), [&](const auto& each) {
    return !each.mode.empty() && store->mode_tokens.MarkOf(each.mode, each.category) < 0;
  }));
  Note(failed, raw->demonstrations.size(), "demonstrations could not be graded and have no mode: taught without a mode token", store);
  Note(without, raw->demonstrations.size(), "demonstrations are of a mode without a token: taught without one", store);
}

void Tokenize(const ExperimentConfig& config, const RawData& raw, DataStore* store) {
  const int64_t limit = std::min(config.sft.max_tokens, store->model.max_positions);
  for (const Demonstration& d : raw.demonstrations) {
    UnsafeAnswer unsafe;
    SftExample example = store->Example(d, &unsafe.answer_begin);
    if (static_cast<int64_t>(example.tokens.size()) > limit) continue;
    store->demonstrations.push_back(std::move(example));
    if (!config.sft.derta.enabled()) continue;
    const auto found = raw.unsafe_answers.find(d.prompt.id);
    if (found != raw.unsafe_answers.end()) unsafe.tokens = store->tokenizer->Encode(found->second);
    store->unsafe_answers.push_back(std::move(unsafe));
  }
  NoteLeftOut(raw.demonstrations.size() - store->demonstrations.size(), raw.demonstrations.size(),
              Concat("demonstrations are longer than ", limit, " tokens (sft.max_tokens)"), store);
  for (const Demonstration& d : raw.held_out_answers) {
    SftExample example = store->Example(d);
    if (static_cast<int64_t>(example.tokens.size()) <= limit) store->held_out_answers.push_back(std::move(example));
  }
  NoteLeftOut(raw.held_out_answers.size() - store->held_out_answers.size(), raw.held_out_answers.size(),
              Concat("held-out answers are longer than ", limit, " tokens (sft.max_tokens)"), store);
}

// The longest prompt that a completion still fits behind.
int64_t PromptLimit(const ExperimentConfig& config, const TransformerConfig& model) {
  return std::min(config.data.max_prompt_tokens, model.max_positions - config.rollout.sampling.max_new_tokens);
}

// The settings behind PromptLimit.
std::string PromptLimitText(const ExperimentConfig& config, const TransformerConfig& model) {
  return Concat(config.policy.path.empty() ? "policy.max_positions " : "the model's positions ", model.max_positions,
                " less rollout.max_new_tokens ", config.rollout.sampling.max_new_tokens, ", or data.max_prompt_tokens ",
                config.data.max_prompt_tokens);
}

// Prompts too long for the model or the config go, counted. `of`: whose they are.
void LeaveOutLong(const ExperimentConfig& config, const std::string& of, std::vector<Prompt>* prompts, DataStore* store) {
  const int64_t limit = PromptLimit(config, store->model);
  const size_t before = prompts->size();
  std::erase_if(*prompts, [&](const Prompt& p) {
    const auto tokens = static_cast<int64_t>(store->PromptTokens(p).size());
    if (tokens <= limit) store->longest_prompt = std::max(store->longest_prompt, tokens);
    return tokens > limit;
  });
  NoteLeftOut(before - prompts->size(), before,
              Concat("prompts of ", of, " are longer than ", limit, " tokens (", PromptLimitText(config, store->model), ")"), store);
}

// Said before anything is called too long.
void CheckRoom(const ExperimentConfig& config, const TransformerConfig& model) {
  const bool samples = config.HasStage("rl") || config.HasStage("eval");
  if (samples && PromptLimit(config, model) < 1)
    throw ConfigError(Concat("rollout.max_new_tokens ", config.rollout.sampling.max_new_tokens,
                             " leaves no room for a prompt: the model has ", model.max_positions, " positions"));
}

void CheckSomethingIsLeft(const ExperimentConfig& config, const DataStore& store) {
  if (config.HasStage("rl") && store.train.empty()) {
    throw ConfigError(Concat("data: no training prompt is left: none has at most ", PromptLimit(config, store.model), " tokens (",
                             PromptLimitText(config, store.model), ")"));
  }
  if (config.HasStage("sft") && store.demonstrations.empty()) {
    throw ConfigError(Concat("data: no demonstration is left for stage sft: none has at most ",
                             std::min(config.sft.max_tokens, store.model.max_positions), " tokens (sft.max_tokens ", config.sft.max_tokens,
                             ", or ", config.policy.path.empty() ? "policy.max_positions " : "the model's positions ",
                             store.model.max_positions, ")"));
  }
}

// The first `count` prompts of each intent.
void Limit(int64_t count, std::vector<Prompt>* prompts) {
  if (count == 0) return;
  std::map<std::string, int64_t> seen;
  std::erase_if(*prompts, [&](const Prompt& p) { return ++seen[p.intent] > count; });
}

// What the composer would refuse at the first answer is said before anything is trained.
void CheckLabels(const ExperimentConfig& config, const DataStore& store) {
  const auto composer = MakeRewardComposer(config.reward.composer);
  const auto check = [&](const std::vector<Prompt>& prompts) {
    for (const Prompt& prompt : prompts) composer->CheckLabel(prompt.id, prompt.label);
  };
  if (config.HasStage("rl")) check(store.train);
  for (const EvalSet& set : store.eval_sets) {
    if (config.HasStage("eval")) check(set.prompts);
  }
}

void ChooseEvalSets(const ExperimentConfig& config, const DataFiles& files, std::vector<EvalSet>* sets) {
  std::vector<std::string> wanted = config.eval.sets;
  if (wanted.empty()) {
    for (const EvalSet& set : *sets) {
      const auto file = std::find_if(files.eval.begin(), files.eval.end(), [&](const EvalFile& f) { return f.set == set.name; });
      if (file == files.eval.end() || file->by_default) wanted.push_back(set.name);
    }
  }
  std::vector<EvalSet> chosen;
  for (const std::string& name : wanted) {
    const auto found = std::find_if(sets->begin(), sets->end(), [&](const EvalSet& s) { return s.name == name; });
    TEMPER_CHECK(found != sets->end(), "eval.sets: there is no set ", name);  // the config's own rule knows the names
    Limit(config.eval.prompts_per_set, &found->prompts);
    chosen.push_back(std::move(*found));
  }
  *sets = std::move(chosen);
}

// Prompts of each intent of the built-in world, and demonstrations; they are much alike in length.
constexpr int64_t kWorldSample = 100;

// Whether there will be something to train on, told from the first prompts and demonstrations.
void CheckWorldFits(const ExperimentConfig& config) {
  DataStore store;
  store.tokenizer = ParseTokenizer(WithModeTokens(WorldTokenizerJson(), config.policy.tokens));
  store.model = ModelFor(config, *store.tokenizer);
  CheckRoom(config, store.model);
  store.prompt_template = config.data.prompt_template;
  for (const std::string& text : FirstTrainingPrompts(WorldOf(config), kWorldSample)) store.train.emplace_back().text = text;
  LeaveOutLong(config, "the training data", &store.train, &store);
  RawData raw;
  for (const WorldExample& example : FirstDemonstrations(WorldOf(config), kWorldSample)) {
    raw.demonstrations.emplace_back().response = example.response;
    raw.demonstrations.back().prompt.text = example.prompt;
  }
  Tokenize(config, raw, &store);
  CheckSomethingIsLeft(config, store);
}

}  // namespace

void CheckDataFiles(const ExperimentConfig& config) {
  if (!config.policy.path.empty()) CheckRoom(config, ModelFor(config, *ParseTokenizer(TokenizerText(config, {}), config.policy.path)));
  if (config.data.source == DataSource::kWorld) {
    if (config.policy.path.empty()) CheckWorldFits(config);
    return;
  }
  const DataFiles files = EnsureWorld(config, "");
  TokenizerFile(config, files);
  CheckRowsFile(files.prompts);
  if (!files.demonstrations.empty()) CheckRowsFile(files.demonstrations);
  if (!files.held_out_answers.empty()) CheckRowsFile(files.held_out_answers);
  for (const EvalFile& file : files.eval) CheckRowsFile(file.path);
  for (const EvalFile& file : files.suites) CheckRowsFile(file.path);
}

DataStore OpenReader(const ExperimentConfig& config, const DataFiles& files) {
  DataStore store;
  store.tokenizer_json = TokenizerText(config, files);
  store.tokenizer = ParseTokenizer(store.tokenizer_json, config.policy.path.empty() ? files.tokenizer_folder : config.policy.path);
  std::string remark;
  store.model = ModelFor(config, *store.tokenizer, &remark);
  CheckRoom(config, store.model);
  if (!remark.empty()) TEMPER_LOG(Warn, remark);
  store.chat_template = ChatTemplateFor(config);
  store.prompt_template = config.data.prompt_template;
  store.system_prompt = config.data.system_prompt;
  store.learn_all_turns = config.sft.turns == LearnedTurns::kAll;
  return store;
}

DataStore LoadData(const ExperimentConfig& config, const PolicySpec& spec, const DataFiles& files) {
  DataStore store = OpenReader(config, files);
  if (config.policy.tokens.any()) store.mode_tokens = ModeTokens(config, *store.tokenizer, spec);
  RawData raw = LoadFiles(config, spec, files, &store);
  ChooseModes(config, &raw, &store);
  Tokenize(config, raw, &store);
  if (config.HasStage("sft")) store.SetTransition(config.sft.derta);
  store.train = std::move(raw.train);
  store.eval_sets = std::move(raw.eval_sets);
  LeaveOutLong(config, "the training data", &store.train, &store);
  for (EvalSet& set : store.eval_sets) LeaveOutLong(config, "evaluation set " + set.name, &set.prompts, &store);
  ChooseEvalSets(config, files, &store.eval_sets);
  if (config.HasStage("eval")) store.AddPrefilledSets(config.prefill.depths, PromptLimit(config, store.model));
  for (const EvalSet& set : store.eval_sets)
    if (set.prompts.empty()) store.remarks.push_back(Concat("evaluation set ", set.name, " has no prompt"));
  store.gold = LoadGold(config.reward.gold, spec);
  CheckLabels(config, store);
  CheckSomethingIsLeft(config, store);
  return store;
}

void TellRemarks(const DataStore& store, std::set<std::string>* told) {
  for (const std::string& what : store.remarks)
    if (told->insert(what).second) TEMPER_LOG(Warn, "data: ", what);
}

std::vector<std::vector<int64_t>> StrataByIntent(const std::vector<Prompt>& prompts) {
  std::map<std::string, std::vector<int64_t>> strata;
  for (size_t i = 0; i < prompts.size(); ++i) strata[prompts[i].intent].push_back(static_cast<int64_t>(i));
  std::vector<std::vector<int64_t>> result;
  result.reserve(strata.size());
  for (auto& [intent, indices] : strata) result.push_back(std::move(indices));
  return result;
}

}  // namespace temper
