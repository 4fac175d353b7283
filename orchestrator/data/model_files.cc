#include "orchestrator/data/model_files.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "orchestrator/data/mode_tokens.h"
#include "policy/formats/end_tokens.h"
#include "policy/formats/hf_checkpoint.h"
#include "policy/formats/peft_adapter.h"

namespace temper {

namespace fs = std::filesystem;

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
  return WithModeTokens(file.empty() ? ByteLevelTokenizerJson() : ReadUserFile(file), config.policy.tokens);
}

std::string AdapterBase(const ExperimentConfig& config) {
  return IsPeftAdapter(config.policy.path) ? BaseOfPeftAdapter(config.policy.path) : "";
}

namespace {

// The shape of the model in a folder.
TransformerConfig ModelIn(const std::string& folder, const Tokenizer& tokenizer, std::string* remark) {
  TransformerConfig model = LoadHfConfig(folder);
  EndTokens ends = FindEndTokens(folder, model, &tokenizer);
  if (remark != nullptr) *remark = ends.disagreement;
  SetStopIds(std::move(ends.ids), &model);
  if (!model.eos_ids.empty()) return model;
  throw ConfigError(
      Concat("policy.path: ", folder, " names no stop token, so no answer could ever end: set eos_token_id in its generation_config.json"));
}

}  // namespace

TransformerConfig ModelFor(const ExperimentConfig& config, const Tokenizer& tokenizer, std::string* remark) {
  if (config.policy.lora.enabled() && IsPeftAdapter(config.policy.path)) {
    throw ConfigError(Concat("policy.path: ", config.policy.path, " is an adapter, and policy.lora.rank is ", config.policy.lora.rank,
                             ": an adapter on an adapter could not be loaded elsewhere. Merge it first, temper convert --model ",
                             config.policy.path, " --out MERGED, and set policy.path to that, or set policy.lora.rank to 0"));
  }
  TransformerConfig model = config.policy.path.empty() ? ShapeFromScratch(config.policy) : ModelIn(config.policy.path, tokenizer, remark);
  if (config.policy.lora.adapts_output()) model.tie_embeddings = false;
  if (!config.policy.path.empty()) {
    if (config.policy.tokens.any()) model.vocab_size = std::max(model.vocab_size, tokenizer.vocab_size());
    return model;
  }
  model.vocab_size = tokenizer.vocab_size();
  model.bos_id = tokenizer.IdOf("<bos>");
  model.pad_id = tokenizer.IdOf("<pad>");
  const int32_t eos = tokenizer.IdOf("<eos>");
  if (eos < 0) throw ConfigError("data.tokenizer: the tokenizer has no <eos> token, so a policy from scratch could never end an answer");
  model.eos_ids = {eos};
  CheckTransformerConfig(model);
  return model;
}

namespace {

constexpr char kOriginFile[] = "grown_from.txt";

bool Holds(const std::string& path, const std::string& text) {
  std::string reason;
  return TryReadFile(path, kMaxDataBytes, &reason) == text;
}

// Name, size and time of each file of a folder, a line each, sorted.
std::string FilesOfModel(const std::string& folder) {
  std::set<std::string> lines;
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::error_code gone;
    if (!entry.is_regular_file(gone)) continue;
    const auto time = entry.last_write_time(gone).time_since_epoch().count();
    lines.insert(Concat(entry.path().filename().string(), " ", entry.file_size(gone), " ", time, "\n"));
  }
  std::string text = Concat(fs::weakly_canonical(folder).string(), "\n");
  for (const std::string& line : lines) text += line;
  return text;
}

// What a copy is made of: one of another origin is another model.
std::string OriginOf(const std::string& folder, const std::vector<TokenRow>& rows, const std::vector<std::string>& skip) {
  std::string text = FilesOfModel(folder);
  if (IsPeftAdapter(folder)) text += FilesOfModel(BaseOfPeftAdapter(folder));
  for (const TokenRow& row : rows) {
    text += Concat("token ", row.id, ":");
    for (const int64_t from : row.from) text += Concat(" ", from);
    text += "\n";
  }
  for (const std::string& tensor : skip) text += Concat("without ", tensor, "\n");
  return text;
}

}  // namespace

std::string GrownModel(const ExperimentConfig& config, const std::string& tokenizer_json, const std::string& grown) {
  const std::string& folder = config.policy.path;
  if (folder.empty()) return folder;
  const auto tokenizer = ParseTokenizer(tokenizer_json, folder);
  const std::vector<TokenRow> rows = MissingTokenRows(config.policy.tokens, *tokenizer, folder);
  if (rows.empty()) return folder;
  const std::string origin = OriginOf(folder, rows, config.policy.skip_tensors);
  if (!Holds(grown + "/tokenizer.json", tokenizer_json) || !Holds(Concat(grown, "/", kOriginFile), origin)) {
    SaveOptions options;
    options.companions["tokenizer.json"] = tokenizer_json;
    options.companions[kOriginFile] = origin;
    fs::create_directories(fs::path(grown).parent_path());
    GrowHfModel(folder, rows, options, grown, config.policy.skip_tensors);
  }
  return grown;
}

std::unique_ptr<const ChatTemplate> ChatTemplateFor(const ExperimentConfig& config) {
  const std::string& folder = config.policy.path;
  std::unique_ptr<const ChatTemplate> found;
  if (config.data.chat_template == ChatTemplateChoice::kAuto && !folder.empty() && HasChatTemplate(folder)) {
    found = std::make_unique<const ChatTemplate>(LoadChatTemplate(folder));
  }
  if (!found && !config.data.system_prompt.empty()) throw ConfigError(kSystemPromptNeedsTemplate);
  return found;
}

}  // namespace temper
