#include "policy/hf_checkpoint.h"

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <ATen/core/grad_mode.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "cluster/error.h"
#include "policy/safetensors.h"

namespace temper {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

constexpr uintmax_t kMaxJsonBytes = 64 << 20;

std::string ReadText(const fs::path& path) {
  std::error_code error;
  const uintmax_t size = fs::file_size(path, error);
  if (error) throw ConfigError(Concat(path.string(), ": cannot read: ", error.message()));
  if (size > kMaxJsonBytes) throw ConfigError(Concat(path.string(), ": ", size, " bytes; the limit is ", kMaxJsonBytes));
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) throw ConfigError(Concat(path.string(), ": cannot read"));
  return text.str();
}

void WriteText(const fs::path& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  out.flush();
  TEMPER_CHECK(out.good(), path.string(), ": write failed");
}

// Tensor name -> file of the shard, from model.safetensors.index.json.
std::map<std::string, std::string> ReadIndex(const fs::path& path) {
  const Json root = Json::parse(ReadText(path), nullptr, /*allow_exceptions=*/false);
  if (!root.is_object() || !root.contains("weight_map") || !root["weight_map"].is_object())
    throw ConfigError(Concat(path.string(), ": weight_map: missing or not an object"));
  std::map<std::string, std::string> files;
  for (const auto& [name, file] : root["weight_map"].items()) {
    const bool plain = file.is_string() && file.get_ref<const std::string&>().ends_with(".safetensors") &&
                       file.get_ref<const std::string&>().find('/') == std::string::npos;
    if (!plain) throw ConfigError(Concat(path.string(), ": weight_map.", name, ": expected the name of a .safetensors file beside it"));
    files[name] = file.get<std::string>();
  }
  return files;
}

std::map<std::string, at::Tensor> ReadShards(const fs::path& folder, const fs::path& index) {
  const auto file_of = ReadIndex(index);
  std::set<std::string> files;
  for (const auto& [name, file] : file_of) files.insert(file);
  std::map<std::string, at::Tensor> tensors;
  for (const std::string& file : files)
    for (auto& [name, tensor] : ReadSafetensors((folder / file).string())) {
      const auto listed = file_of.find(name);
      if (listed == file_of.end() || listed->second != file)
        throw ConfigError(Concat(index.string(), ": tensor ", name, " is in ", file, ", the index does not say so"));
      tensors.emplace(name, std::move(tensor));
    }
  for (const auto& [name, file] : file_of)
    if (!tensors.contains(name)) throw ConfigError(Concat((folder / file).string(), ": tensor ", name, " is missing; the index names it"));
  return tensors;
}

std::map<std::string, at::Tensor> ReadWeights(const fs::path& folder) {
  if (const fs::path single = folder / "model.safetensors"; fs::exists(single)) return ReadSafetensors(single.string());
  if (const fs::path index = folder / "model.safetensors.index.json"; fs::exists(index)) return ReadShards(folder, index);
  throw ConfigError(Concat(folder.string(), ": neither model.safetensors nor model.safetensors.index.json is there"));
}

// Tensors some exporters add that the model does not need.
bool IsSuperfluous(const std::string& name, const TransformerConfig& config) {
  return name.ends_with("rotary_emb.inv_freq") || (config.tie_embeddings && name == "lm_head.weight");
}

std::string ShapeText(at::IntArrayRef shape) {
  std::ostringstream out;
  out << shape;
  return out.str();
}

void CopyWeights(const fs::path& folder, std::map<std::string, at::Tensor> tensors, Transformer* model) {
  const c10::NoGradGuard no_grad;
  for (const auto& [name, parameter] : model->parameters()) {
    const auto found = tensors.find(name);
    if (found == tensors.end()) throw ConfigError(Concat(folder.string(), ": tensor ", name, " is missing"));
    const at::Tensor& tensor = found->second;
    if (tensor.sizes() != parameter.sizes())
      throw ConfigError(Concat(folder.string(), ": tensor ", name, ": shape ", ShapeText(tensor.sizes()), ", config.json makes it ",
                               ShapeText(parameter.sizes())));
    if (!at::isFloatingType(tensor.scalar_type()))
      throw ConfigError(Concat(folder.string(), ": tensor ", name, ": expected F32, BF16 or F16 values"));
    parameter.copy_(tensor);
    tensors.erase(found);
  }
  for (const auto& [name, tensor] : tensors)
    if (!IsSuperfluous(name, model->config()))
      throw ConfigError(Concat(folder.string(), ": tensor ", name, " is not one of a ", model->config().model_type, " model"));
}

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
  const Json tokenizer = Json::parse(tokenizer_json, nullptr, /*allow_exceptions=*/false);
  TEMPER_CHECK(tokenizer.is_object(), "SaveHfModel: the tokenizer's text is not a JSON object");
  std::map<int64_t, std::string> spelling;
  for (const Json& token : tokenizer.value("added_tokens", Json::array()))
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

// Puts `temporary` where `folder` is or was; a crash in between leaves the old folder under its ".old" name.
void ReplaceFolder(const fs::path& temporary, const fs::path& folder) {
  const fs::path old = folder.string() + ".old." + std::to_string(::getpid());
  const bool existed = fs::exists(folder);
  if (existed) fs::rename(folder, old);
  fs::rename(temporary, folder);
  if (existed) fs::remove_all(old);
}

}  // namespace

TransformerConfig LoadHfConfig(const std::string& folder) {
  const fs::path path = fs::path(folder) / "config.json";
  try {
    return ParseTransformerConfig(ReadText(path));
  } catch (const ConfigError& error) {
    const std::string text = error.what();
    if (text.starts_with(path.string())) throw;
    throw ConfigError(Concat(folder, "/", text));
  }
}

Transformer LoadHfModel(const std::string& folder) {
  Transformer model(LoadHfConfig(folder));
  CopyWeights(folder, ReadWeights(folder), &model);
  model.WeightsChanged();
  return model;
}

void SaveHfModel(const Transformer& model, const std::string& tokenizer_json, const std::string& folder) {
  fs::path target(folder);
  if (!target.has_filename()) target = target.parent_path();  // "x/" means "x"
  const fs::path temporary = target.string() + ".tmp." + std::to_string(::getpid());
  fs::remove_all(temporary);
  fs::create_directories(temporary);
  WriteText(temporary / "config.json", ToConfigJson(model.config()));
  WriteText(temporary / "generation_config.json", GenerationConfigJson(model.config()));
  if (!tokenizer_json.empty()) {
    WriteText(temporary / "tokenizer.json", tokenizer_json);
    WriteText(temporary / "tokenizer_config.json", TokenizerConfigJson(model.config(), tokenizer_json));
  }
  WriteSafetensors((temporary / "model.safetensors").string(), model.parameters(), {{"format", "pt"}});
  ReplaceFolder(temporary, target);
}

}  // namespace temper
