#include "orchestrator/data/data_store.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/keyed_random.h"
#include "cluster/base/log.h"
#include "policy/formats/hf_checkpoint.h"
#include "rollout/data/dataset_rows.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

// tokenizer.json of the policy's folder, the built-in world's, or the one named; "" = the byte-level one.
std::string TokenizerFile(const ExperimentConfig& config, const std::string& world_folder) {
  std::string folder = config.policy.path;
  std::string key = "policy.path";
  if (folder.empty() && config.data.source == "world") folder = world_folder;
  if (folder.empty() && config.data.tokenizer != "byte_level") {
    folder = config.data.tokenizer;
    key = "data.tokenizer";
  }
  const std::string file = folder + "/tokenizer.json";
  if (!folder.empty() && !fs::exists(file)) {
    throw ConfigError(Concat(key, ": there is no ", fs::is_directory(folder) ? "file " + file : "folder " + folder));
  }
  return folder.empty() ? "" : file;
}

void SetTokenizer(const ExperimentConfig& config, const std::string& world_folder, DataStore* store) {
  const std::string file = TokenizerFile(config, world_folder);
  store->tokenizer_json = file.empty() ? ByteLevelTokenizerJson() : ReadUserFile(file);
  store->tokenizer = ParseTokenizer(store->tokenizer_json);
}

TransformerConfig ModelIn(const std::string& folder) {
  TransformerConfig model = LoadHfConfig(folder);
  if (!model.eos_ids.empty()) return model;
  throw ConfigError(
      Concat("policy.path: ", folder, " names no stop token, so no answer could ever end: set eos_token_id in its generation_config.json"));
}

void SetModel(const ExperimentConfig& config, DataStore* store) {
  if (!config.policy.path.empty()) {
    store->model = ModelIn(config.policy.path);
    return;
  }
  store->model = config.policy.shape;
  store->model.vocab_size = store->tokenizer->vocab_size();
  store->model.bos_id = store->tokenizer->IdOf("<bos>");
  store->model.pad_id = store->tokenizer->IdOf("<pad>");
  const int32_t eos = store->tokenizer->IdOf("<eos>");
  if (eos < 0) throw ConfigError("data.tokenizer: the tokenizer has no <eos> token, a policy from scratch could never end an answer");
  store->model.eos_ids = {eos};
  CheckTransformerConfig(store->model);
}

// The template of the policy's folder, where it has one and the config wants it.
void SetChat(const ExperimentConfig& config, DataStore* store) {
  store->prompt_template = config.data.prompt_template;
  store->system_prompt = config.data.system_prompt;
  store->learn_all_turns = config.sft.turns == "all";
  const std::string& folder = config.policy.path;
  if (config.data.chat_template == "auto" && !folder.empty() && HasChatTemplate(folder)) {
    store->chat_template = std::make_unique<const ChatTemplate>(LoadChatTemplate(folder));
  }
  if (!store->chat_template && !store->system_prompt.empty()) {
    throw ConfigError("data.system_prompt needs a chat template: a policy.path with one, and data.chat_template: auto");
  }
}

// Answers to imitate for prompts that come without any: the policy spec's templates, all modes in turn.
std::vector<Demonstration> TemplateDemonstrations(const PolicySpec& spec, const std::vector<Prompt>& prompts) {
  if (spec.demonstrations.empty()) {
    throw ConfigError("data.demonstrations is empty and the policy spec has no demonstrations: give one of them, or leave stage sft out");
  }
  std::vector<Demonstration> demonstrations;
  size_t next = 0;
  for (const Prompt& prompt : prompts) {
    const DemonstrationTemplate& form = spec.demonstrations[next++ % spec.demonstrations.size()];
    demonstrations.push_back({prompt, FillPlaceholders(form.text, {{"category", prompt.category}})});
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
  std::vector<EvalSet> eval_sets;
};

// What a prompt asks, whatever its row is called.
std::string AskedBy(const Prompt& prompt) {
  const auto messages = prompt.messages.empty() ? nlohmann::json() : nlohmann::json::parse(prompt.messages);
  return messages.size() > 1 ? messages.dump() : prompt.text;
}

// Takes out of the training data what asks the same as a held-out prompt: rows that repeat it, and demonstrations that answer it.
void KeepApart(const std::vector<Prompt>& held_out, RawData* raw) {
  std::set<std::string> asked;
  for (const Prompt& prompt : held_out) asked.insert(AskedBy(prompt));
  const size_t prompts = std::erase_if(raw->train, [&](const Prompt& p) { return asked.contains(AskedBy(p)); });
  const size_t answered = std::erase_if(raw->demonstrations, [&](const Demonstration& d) { return asked.contains(AskedBy(d.prompt)); });
  if (prompts + answered > 0) {
    TEMPER_LOG(Info, "data: ", prompts, " prompts and ", answered,
               " demonstrations are not trained on: they ask what is held out for evaluation");
  }
}

RawData LoadWorld(const ExperimentConfig& config, const std::string& folder, DataStore* store) {
  ColumnMapping columns;
  columns.label = config.data.columns.label.empty() ? "label_keyword" : config.data.columns.label;
  const auto prompts = [&](const std::string& name) { return LoadPrompts({.path = folder + "/" + name + ".jsonl", .columns = columns}); };
  RawData raw;
  LoadedPrompts train = prompts("prompts_train");
  store->digest = train.digest;
  raw.train = std::move(train.prompts);
  raw.demonstrations = LoadDemonstrations({.path = folder + "/demonstrations.jsonl", .columns = columns}).demonstrations;
  for (const auto& [name, file] : std::vector<std::pair<std::string, std::string>>{{"dev", "prompts_dev"},
                                                                                   {"held_out_topics", "prompts_test"},
                                                                                   {"held_out_phrasings", "prompts_phrasings"},
                                                                                   {"past_tense", "prompts_past_tense"}}) {
    raw.eval_sets.push_back({name, prompts(file).prompts});
  }
  return raw;
}

RawData LoadFiles(const ExperimentConfig& config, const PolicySpec& spec, DataStore* store) {
  const DataConfig& data = config.data;
  RawData raw;
  DatasetOptions options{.path = data.path, .columns = data.columns, .bad_row_budget = data.bad_row_budget, .limit = data.limit};
  if (config.HasStage("rl") || config.HasStage("eval"))
    options.problem_of = [&](const Prompt& prompt) { return CategoryProblem(spec, prompt.category); };
  LoadedPrompts train = LoadPrompts(options);
  store->digest = train.digest;
  store->left_out += train.bad_rows;
  raw.train = std::move(train.prompts);
  for (const auto& [name, path] : data.eval) {
    options.path = path;
    raw.eval_sets.push_back({name, LoadPrompts(options).prompts});
  }
  if (data.eval.empty() && data.eval_fraction > 0) {
    raw.eval_sets.push_back({"held_out", {}});
    HoldOut(config, &raw.train, &raw.eval_sets.back().prompts);
  }
  if (!data.demonstrations.empty()) {
    options.path = data.demonstrations;
    options.columns.prompts_by_intent.clear();
    LoadedDemonstrations loaded = LoadDemonstrations(options);
    store->left_out += loaded.bad_rows;
    raw.demonstrations = std::move(loaded.demonstrations);
  }
  if (data.eval.empty() && data.eval_fraction > 0) KeepApart(raw.eval_sets.back().prompts, &raw);
  if (data.demonstrations.empty() && config.HasStage("sft")) {
    raw.demonstrations = TemplateDemonstrations(spec, raw.train);
  }
  return raw;
}

void Tokenize(const ExperimentConfig& config, const RawData& raw, DataStore* store) {
  for (const Demonstration& d : raw.demonstrations) {
    SftExample example = store->Example(d);
    if (static_cast<int64_t>(example.tokens.size()) > std::min(config.sft.max_tokens, store->model.max_positions)) {
      ++store->left_out;
    } else {
      store->demonstrations.push_back(std::move(example));
    }
  }
}

// Prompts too long for the model or the config go, counted.
void LeaveOutLong(const ExperimentConfig& config, std::vector<Prompt>* prompts, DataStore* store) {
  const int64_t limit = std::min(config.data.max_prompt_tokens, store->model.max_positions - config.rollout.sampling.max_new_tokens);
  const size_t before = prompts->size();
  std::erase_if(*prompts, [&](const Prompt& p) {
    const auto tokens = static_cast<int64_t>(store->PromptTokens(p).size());
    if (tokens <= limit) store->longest_prompt = std::max(store->longest_prompt, tokens);
    return tokens > limit;
  });
  store->left_out += static_cast<int64_t>(before - prompts->size());
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

void ChooseEvalSets(const ExperimentConfig& config, std::vector<EvalSet>* sets) {
  std::vector<std::string> wanted = config.eval.sets;
  if (wanted.empty()) {
    for (const EvalSet& set : *sets) {
      if (config.data.source != "world" || set.name != "dev") wanted.push_back(set.name);
    }
  }
  std::vector<EvalSet> chosen;
  for (const std::string& name : wanted) {
    const auto found = std::find_if(sets->begin(), sets->end(), [&](const EvalSet& s) { return s.name == name; });
    if (found == sets->end()) {
      std::string known;
      for (const EvalSet& set : *sets) known += " " + set.name;
      throw ConfigError(Concat("eval.sets: there is no set ", name, "; known:", known));
    }
    Limit(config.eval.prompts_per_set, &found->prompts);
    chosen.push_back(std::move(*found));
  }
  *sets = std::move(chosen);
}

}  // namespace

void CheckDataFiles(const ExperimentConfig& config) {
  const bool world = config.data.source == "world";
  if (!world || !config.policy.path.empty()) TokenizerFile(config, "");
  if (!config.policy.path.empty()) ModelIn(config.policy.path);
  if (world) return;
  CheckRowsFile(config.data.path);
  if (!config.data.demonstrations.empty()) CheckRowsFile(config.data.demonstrations);
  for (const auto& [set, path] : config.data.eval) CheckRowsFile(path);
}

DataStore LoadData(const ExperimentConfig& config, const PolicySpec& spec, const std::string& world_folder) {
  DataStore store;
  const bool world = config.data.source == "world";
  if (world && !fs::exists(world_folder + "/tokenizer.json")) WriteWorld(config.data.world, world_folder);
  SetTokenizer(config, world_folder, &store);
  SetModel(config, &store);
  SetChat(config, &store);
  RawData raw = world ? LoadWorld(config, world_folder, &store) : LoadFiles(config, spec, &store);
  Tokenize(config, raw, &store);
  store.train = std::move(raw.train);
  store.eval_sets = std::move(raw.eval_sets);
  LeaveOutLong(config, &store.train, &store);
  for (EvalSet& set : store.eval_sets) LeaveOutLong(config, &set.prompts, &store);
  ChooseEvalSets(config, &store.eval_sets);
  if (store.left_out > 0) TEMPER_LOG(Warn, "data: ", store.left_out, " rows left out (malformed, or longer than the limits)");
  CheckLabels(config, store);
  if (config.HasStage("rl") && store.train.empty()) throw ConfigError("data: no training prompt is left");
  if (config.HasStage("sft") && store.demonstrations.empty()) throw ConfigError("data: no demonstration is left for stage sft");
  return store;
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
