#include "orchestrator/data/model_files.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "cluster/base/error.h"
#include "policy/formats/hf_checkpoint.h"

namespace temper {

namespace fs = std::filesystem;

namespace {

std::string ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw ConfigError(Concat(path, ": cannot be read"));
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

std::string TokenizerFile(const ExperimentConfig& config, const DataFiles& files) {
  const bool own = !config.policy.path.empty();
  const std::string& folder = own ? config.policy.path : files.tokenizer_folder;
  const std::string file = folder + "/tokenizer.json";
  if (!folder.empty() && !fs::exists(file)) {
    throw ConfigError(
        Concat(own ? "policy.path" : "data.tokenizer", ": there is no ", fs::is_directory(folder) ? "file " + file : "folder " + folder));
  }
  return folder.empty() ? "" : file;
}

std::string TokenizerText(const ExperimentConfig& config, const DataFiles& files) {
  const std::string file = TokenizerFile(config, files);
  return file.empty() ? ByteLevelTokenizerJson() : ReadText(file);
}

void SetTokenizer(const std::string& tokenizer_json, DataStore* store) {
  store->tokenizer_json = tokenizer_json;
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
  store->model = ShapeFromScratch(config.policy);
  store->model.vocab_size = store->tokenizer->vocab_size();
  store->model.bos_id = store->tokenizer->IdOf("<bos>");
  store->model.pad_id = store->tokenizer->IdOf("<pad>");
  const int32_t eos = store->tokenizer->IdOf("<eos>");
  if (eos < 0) throw ConfigError("data.tokenizer: the tokenizer has no <eos> token, a policy from scratch could never end an answer");
  store->model.eos_ids = {eos};
  CheckTransformerConfig(store->model);
}

void SetChat(const ExperimentConfig& config, DataStore* store) {
  store->prompt_template = config.data.prompt_template;
  store->system_prompt = config.data.system_prompt;
  store->learn_all_turns = config.sft.turns == LearnedTurns::kAll;
  const std::string& folder = config.policy.path;
  if (config.data.chat_template == ChatTemplateChoice::kAuto && !folder.empty() && HasChatTemplate(folder)) {
    store->chat_template = std::make_unique<const ChatTemplate>(LoadChatTemplate(folder));
  }
  if (!store->chat_template && !store->system_prompt.empty()) {
    throw ConfigError("data.system_prompt needs a chat template: a policy.path with one, and data.chat_template: auto");
  }
}

}  // namespace temper
