#include "policy/tokenizer/special_tokens.h"

#include <filesystem>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "policy/text/strict_json.h"

namespace temper {
namespace {

using Json = nlohmann::json;

// Adds the special tokens of an object that are not known yet; each is a text or {content: text}.
void AddSpecialTokens(const Json& object, const std::string& path, std::map<std::string, std::string>* tokens) {
  for (const char* name : {"bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"}) {
    const auto found = object.find(name);
    if (found == object.end() || found->is_null()) continue;
    const Json& value = found->is_object() && found->contains("content") ? (*found)["content"] : *found;
    if (!value.is_string()) throw ConfigError(Concat(path, ": ", name, ": expected a text, or an object with the text content"));
    tokens->emplace(name, value.get<std::string>());
  }
}

}  // namespace

std::map<std::string, std::string> ReadSpecialTokens(const std::string& folder) {
  std::map<std::string, std::string> tokens;
  for (const char* name : {"tokenizer_config.json", "special_tokens_map.json"}) {
    const std::filesystem::path path = std::filesystem::path(folder) / name;
    if (std::filesystem::exists(path)) AddSpecialTokens(ReadJsonObject(path), path.string(), &tokens);
  }
  return tokens;
}

}  // namespace temper
