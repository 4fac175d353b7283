#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "policy/tokenizer/token_table.h"
#include "policy/tokenizer/word_cache.h"

namespace temper {

// The `model` of tokenizer.json: turns one word into ids. Immutable, safe to share between threads.
class TokenModel {
 public:
  virtual ~TokenModel() = default;
  // Appends the ids of a word, which must be valid UTF-8 and not empty. *cache must have been used with this model only.
  virtual void Encode(std::string_view word, WordCache* cache, std::vector<int32_t>* ids) const = 0;
};

// WordLevel or BPE, which needs `table` as long as it lives; anything else is a ConfigError naming it. Where `type` is missing, as in old
// files, the fields tell the model. With `spells_bytes` words are
// bytes that the model spells first (policy/tokenizer/byte_level.h).
std::unique_ptr<TokenModel> ReadTokenModel(const nlohmann::json& model, const TokenTable& table, bool spells_bytes);

// The model of a tokenizer.json that ReadBytePairModel reads: no dropout, affixes, unknown token or fallback to bytes.
nlohmann::json BytePairModelJson(nlohmann::json vocabulary, nlohmann::json merges);
std::unique_ptr<TokenModel> ReadBytePairModel(const nlohmann::json& model, const TokenTable& table, bool spells_bytes);
std::unique_ptr<TokenModel> ReadWordLevelModel(const nlohmann::json& model, const TokenTable& table, bool spells_bytes);

}  // namespace temper
