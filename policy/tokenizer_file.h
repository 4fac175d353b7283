#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <nlohmann/json.hpp>

#include "cluster/error.h"
#include "policy/added_tokens.h"
#include "policy/tokenizer.h"

namespace temper {

// What the tokenizers share: the checked vocabulary (model and added tokens; ids dense from 0) and the added tokens.
class TokenTable {
 public:
  // Reads `model.vocab` and `added_tokens`. ConfigError where an id is missing, repeated or out of order.
  explicit TokenTable(const nlohmann::json& file);
  TokenTable(const TokenTable&) = delete;  // it holds views of itself
  TokenTable& operator=(const TokenTable&) = delete;

  int32_t IdOf(std::string_view token) const;  // -1 where there is none
  int64_t size() const { return static_cast<int64_t>(tokens_.size()); }
  const AddedTokens& added() const { return added_; }
  // Spellings in order; special tokens and ids outside the vocabulary are left out.
  std::vector<std::string_view> Spell(std::span<const int32_t> ids) const;

 private:
  void AddVocabulary(const nlohmann::json& vocab);
  std::vector<AddedToken> ReadAddedTokens(const nlohmann::json& file);

  std::unordered_map<std::string, int32_t> ids_;
  std::vector<std::string_view> tokens_;  // by id; views of the keys of ids_
  std::vector<bool> special_;             // by id
  AddedTokens added_;
};

// Fields of a JSON object, with an error that says which is missing or of the wrong type. `where` names the object.
const nlohmann::json& JsonField(const nlohmann::json& object, const char* key, std::string_view where);
bool JsonBool(const nlohmann::json& object, const char* key, std::string_view where);
std::string JsonString(const nlohmann::json& object, const char* key, std::string_view where);
bool IsNullOrAbsent(const nlohmann::json& object, const char* key);
// The "type" of a component; "null" where it is absent.
std::string ComponentType(const nlohmann::json& component);

// tokenizer.json with a WordLevel model; with a byte-level BPE model.
std::unique_ptr<Tokenizer> ReadWordLevelTokenizer(const nlohmann::json& file);
std::unique_ptr<Tokenizer> ReadByteLevelTokenizer(const nlohmann::json& file);

// ConfigError unless `text` is valid UTF-8.
void CheckUtf8(std::string_view text);

// Spelling of a byte in a byte-level vocabulary: printable Latin-1 stands for itself, the other bytes for U+0100 and up.
std::string ByteSymbol(uint8_t byte);

}  // namespace temper
