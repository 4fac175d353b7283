#include "policy/formats/hf_checkpoint.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <set>
#include <tuple>

#include <ATen/core/grad_mode.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "policy/formats/end_tokens.h"
#include "policy/formats/finite_weights.h"
#include "policy/formats/hf_weights.h"
#include "policy/formats/peft_adapter.h"
#include "policy/text/strict_json.h"

namespace temper {
namespace {

namespace fs = std::filesystem;
using OrderedJson = nlohmann::ordered_json;

constexpr const char* kCompanionNames[] = {"generation_config.json",  "tokenizer.json",    "tokenizer_config.json",
                                           "special_tokens_map.json", "added_tokens.json", "chat_template.jinja",
                                           "chat_template.json",      "vocab.json",        "merges.txt",
                                           "tokenizer.model"};
constexpr int kMaxTokenizerDepth = 32;
constexpr const char* kEmbedding = "model.embed_tokens.weight";
constexpr const char* kOutput = "lm_head.weight";

OrderedJson IdOrNull(int64_t id) { return id < 0 ? OrderedJson() : OrderedJson(id); }

std::string GenerationConfigJson(const TransformerConfig& config) {
  OrderedJson root;
  root["_from_model_config"] = true;
  root["bos_token_id"] = IdOrNull(config.bos_id);
  root["pad_token_id"] = IdOrNull(config.pad_id);
  if (config.eos_ids.size() == 1)
    root["eos_token_id"] = config.eos_ids[0];
  else if (!config.eos_ids.empty())
    root["eos_token_id"] = config.eos_ids;
  return root.dump(2) + "\n";
}

// Special tokens by their spelling, which the tokenizer's added_tokens give.
std::string TokenizerConfigJson(const TransformerConfig& config, const std::string& tokenizer_json) {
  std::string problem;
  const auto tokenizer = ParseStrictJson(tokenizer_json, kMaxTokenizerDepth, &problem);
  TEMPER_CHECK(tokenizer && tokenizer->is_object(), "SaveHfModel: the tokenizer's text is not a JSON object: ", problem);
  std::map<int64_t, std::string> spelling;
  for (const nlohmann::json& token : tokenizer->value("added_tokens", nlohmann::json::array()))
    if (token.contains("id") && token.contains("content")) spelling[token["id"].get<int64_t>()] = token["content"].get<std::string>();
  OrderedJson root;
  root["tokenizer_class"] = "PreTrainedTokenizerFast";
  root["model_max_length"] = config.max_positions;
  root["clean_up_tokenization_spaces"] = false;
  const int64_t eos = config.eos_ids.empty() ? -1 : config.eos_ids[0];
  for (const auto& [key, id] : {std::pair{"bos_token", config.bos_id}, {"eos_token", eos}, {"pad_token", config.pad_id}})
    if (spelling.contains(id)) root[key] = spelling[id];
  return root.dump(2) + "\n";
}

CompanionFiles AllCompanions(const TransformerConfig& config, const SaveOptions& options) {
  CompanionFiles files = options.companions;
  files.try_emplace("generation_config.json", GenerationConfigJson(config));
  if (!options.tokenizer_json.empty() && files.try_emplace("tokenizer.json", options.tokenizer_json).second)
    files.try_emplace("tokenizer_config.json", TokenizerConfigJson(config, options.tokenizer_json));
  return files;
}

uint64_t BytesOf(const at::Tensor& tensor, const SaveOptions& options) {
  return static_cast<uint64_t>(tensor.numel()) * c10::elementSize(options.type.value_or(tensor.scalar_type()));
}

// In the given order, a new shard where the next tensor would make it too large.
std::vector<NamedTensors> CutIntoShards(const NamedTensors& tensors, const SaveOptions& options) {
  std::vector<NamedTensors> shards(1);
  uint64_t bytes = 0;
  for (const auto& [name, tensor] : tensors) {
    const uint64_t more = BytesOf(tensor, options);
    if (!shards.back().empty() && bytes + more > options.max_shard_bytes) {
      shards.emplace_back();
      bytes = 0;
    }
    shards.back().emplace_back(name, tensor);
    bytes += more;
  }
  return shards;
}

// As the safetensors library orders a file: wide types first, then by name.
void WriteShard(const fs::path& path, NamedTensors tensors, const SaveOptions& options) {
  std::sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) {
    return std::tuple(-static_cast<int64_t>(a.second.element_size()), a.first) <
           std::tuple(-static_cast<int64_t>(b.second.element_size()), b.first);
  });
  WriteSafetensors(path.string(), tensors, {{"format", "pt"}}, options.type);
}

void WriteWeights(const fs::path& folder, const NamedTensors& tensors, const SaveOptions& options) {
  const std::vector<NamedTensors> shards = CutIntoShards(tensors, options);
  if (shards.size() == 1) return WriteShard(folder / "model.safetensors", tensors, options);
  uint64_t bytes = 0;
  int64_t parameters = 0;
  std::map<std::string, std::string> file_of;
  for (size_t i = 0; i < shards.size(); ++i) {
    char file[64];
    std::snprintf(file, sizeof(file), "model-%05zu-of-%05zu.safetensors", i + 1, shards.size());
    WriteShard(folder / file, shards[i], options);
    for (const auto& [name, tensor] : shards[i]) {
      file_of[name] = file;
      bytes += BytesOf(tensor, options);
      parameters += tensor.numel();
    }
  }
  OrderedJson index;
  index["metadata"] = {{"total_parameters", parameters}, {"total_size", bytes}};
  index["weight_map"] = file_of;
  WriteFile(folder / "model.safetensors.index.json", index.dump(2) + "\n", {.durable = true});
}

// Puts `temporary` where `folder` is or was; a crash in between leaves the old folder under its ".old" name.
void ReplaceFolder(const fs::path& temporary, const fs::path& folder) {
  const fs::path old = folder.string() + ".old." + std::to_string(::getpid());
  const bool existed = fs::exists(folder);
  if (existed) fs::rename(folder, old);
  fs::rename(temporary, folder);
  FlushToDisk(fs::absolute(folder).parent_path());
  if (existed) fs::remove_all(old);
}

// A folder of what `fill` writes and the companions, whole or not there.
void WriteFolder(const TransformerConfig& config, const SaveOptions& options, const std::string& folder,
                 const std::function<void(const fs::path& temporary)>& fill) {
  const fs::path target = fs::path(folder).has_filename() ? fs::path(folder) : fs::path(folder).parent_path();  // "x/" means "x"
  const fs::path temporary = target.string() + ".tmp." + std::to_string(::getpid());
  fs::remove_all(temporary);
  fs::create_directories(temporary);
  for (const auto& [name, bytes] : AllCompanions(config, options)) WriteFile(temporary / name, bytes, {.durable = true});
  fill(temporary);
  if (options.write_more) options.write_more(temporary.string());
  FlushToDisk(temporary);
  ReplaceFolder(temporary, target);
}

void WriteModel(TransformerConfig config, const NamedTensors& tensors, const SaveOptions& options, const std::string& folder) {
  if (options.type) config.dtype = *options.type == at::kHalf ? "float16" : *options.type == at::kBFloat16 ? "bfloat16" : "float32";
  WriteFolder(config, options, folder, [&](const fs::path& temporary) {
    WriteFile(temporary / "config.json", ToConfigJson(config), {.durable = true});
    WriteWeights(temporary, tensors, options);
  });
}

// Config and weights of a folder, the tie resolved.
struct OpenFolder {
  TransformerConfig config;
  NamedTensors tensors;
};
// `written` as for MergePeftAdapter.
OpenFolder Open(const std::string& folder, const std::vector<std::string>& skip, std::optional<at::ScalarType> written) {
  if (!IsPeftAdapter(folder)) {
    OpenFolder open{LoadHfConfig(folder), {}};
    open.tensors = MatchParameters(folder, open.config, MapHfWeights(folder), skip);
    return open;
  }
  OpenFolder open = Open(BaseOfPeftAdapter(folder), skip, written);
  MergePeftAdapter(folder, written, &open.tensors, &open.config.tie_embeddings);
  open.config = LoadHfConfig(folder);
  return open;
}

// With what the folder says of a text's end, whose model is another's.
TransformerConfig ConfigOnBase(const std::string& folder) {
  TransformerConfig config = LoadHfConfig(BaseOfPeftAdapter(folder));
  SetStopIds(FindEndTokens(folder, config, nullptr).ids, &config);
  config.tie_embeddings = config.tie_embeddings && !PartsTiedEmbeddings(folder);
  return config;
}

}  // namespace

TransformerConfig LoadHfConfig(const std::string& folder) {
  if (IsPeftAdapter(folder)) return ConfigOnBase(folder);
  if (!fs::exists(fs::path(folder) / "config.json"))
    throw ConfigError(
        Concat(folder, "/config.json: cannot read: no such file; give a Hugging Face model folder (config.json, *.safetensors)"));
  TransformerConfig config;
  const std::string text = ReadUserFile(fs::path(folder) / "config.json");
  try {
    config = ParseTransformerConfig(text);
  } catch (const ConfigError& error) {
    throw ConfigError(Concat(folder, "/", error.what()));
  }
  SetStopIds(FindEndTokens(folder, config, nullptr).ids, &config);
  if (config.tie_embeddings) config.tie_embeddings = EmbeddingsAreTied(config, MapHfWeights(folder));
  return config;
}

void CheckHfModel(const std::string& folder, const std::vector<std::string>& skip) { Open(folder, skip, std::nullopt); }

Transformer LoadHfModel(const std::string& folder, const std::vector<std::string>& skip) {
  const OpenFolder open = Open(folder, skip, at::kFloat);
  Transformer model(open.config);
  const c10::NoGradGuard no_grad;
  for (size_t i = 0; i < open.tensors.size(); ++i) model.parameters()[i].second.copy_(open.tensors[i].second);
  CheckFinite(folder, model.parameters());
  model.WeightsChanged();
  return model;
}

CompanionFiles ReadCompanionFiles(const std::string& folder) {
  CompanionFiles files;
  for (const char* name : kCompanionNames)
    if (const fs::path path = fs::path(folder) / name; fs::exists(path)) files[name] = ReadUserFile(path, {.any_bytes = true});
  return files;
}

void SaveHfModel(const Transformer& model, const SaveOptions& options, const std::string& folder) {
  SaveOptions typed = options;
  if (!typed.type) typed.type = at::kFloat;
  WriteModel(model.config(), model.parameters(), typed, folder);
}

void SaveHfTensors(const TransformerConfig& config, const NamedTensors& tensors, const SaveOptions& options, const std::string& folder) {
  WriteModel(config, tensors, options, folder);
}

void SaveAdapter(const LoraAdapter& adapter, const std::string& base, const TransformerConfig& config, const SaveOptions& options,
                 const std::string& folder) {
  WriteFolder(config, options, folder, [&](const fs::path& temporary) { SavePeftAdapter(adapter, base, temporary.string()); });
}

void ConvertHfModel(const std::string& folder, SaveOptions options, const std::string& out, const std::string& adapter,
                    const std::vector<std::string>& skip) {
  OpenFolder open = Open(folder, skip, options.type);
  if (!adapter.empty()) MergePeftAdapter(adapter, options.type, &open.tensors, &open.config.tie_embeddings);
  options.companions.merge(ReadCompanionFiles(folder));
  if (IsPeftAdapter(folder)) options.companions.merge(ReadCompanionFiles(BaseOfPeftAdapter(folder)));
  WriteModel(open.config, open.tensors, options, out);
}

void GrowHfModel(const std::string& folder, const std::vector<TokenRow>& rows, SaveOptions options, const std::string& out,
                 const std::vector<std::string>& skip) {
  OpenFolder open = Open(folder, skip, options.type);
  for (const TokenRow& row : rows) open.config.vocab_size = std::max(open.config.vocab_size, row.id + 1);
  for (auto& [name, tensor] : open.tensors) {
    if (name == kEmbedding || name == kOutput) tensor = WithTokenRows(tensor, rows, open.config.vocab_size);
  }
  options.companions.merge(ReadCompanionFiles(folder));
  if (IsPeftAdapter(folder)) options.companions.merge(ReadCompanionFiles(BaseOfPeftAdapter(folder)));
  WriteModel(open.config, open.tensors, options, out);
}

}  // namespace temper
