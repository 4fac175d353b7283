#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <nlohmann/json.hpp>

#include "policy/tokenizer/added_tokens.h"
#include "policy/tokenizer/normalizer.h"

namespace temper {

// Finds a std::string key by a view of it.
struct TextHash {
  using is_transparent = void;  // NOLINT: the standard library's name
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
using TokenIds = std::unordered_map<std::string, int32_t, TextHash, std::equal_to<>>;

// The tokens of a tokenizer.json: `model.vocab` and `added_tokens`, checked. Immutable once read.
class TokenTable {
 public:
  // ConfigError where an id is negative, too large or given twice. ConfigError, too, where an added
  // token's id is not the one that the `tokenizers` library would give it in a list sorted by id.
  // `normalizer` is applied to the added tokens that ask for it.
  TokenTable(const nlohmann::json& file, const Normalizer& normalizer);

  // -1 where there is none. A model only knows its own vocabulary.
  int32_t IdOf(std::string_view token) const;
  int32_t ModelIdOf(std::string_view token) const;
  const TokenIds& model_ids() const { return model_ids_; }
  // One above the highest id.
  int64_t size() const { return static_cast<int64_t>(spellings_.size()); }
  bool Has(int64_t id) const { return id >= 0 && id < size() && known_[static_cast<size_t>(id)]; }

  // What a known id stands for in decoded text; an added token is spelled as the normalizer left it.
  const std::string& SpellingOf(int32_t id) const { return spellings_[static_cast<size_t>(id)]; }
  // Left out of decoded text on demand.
  bool IsSpecial(int32_t id) const { return special_[static_cast<size_t>(id)]; }
  const AddedTokens& added() const { return added_; }

 private:
  void ReadVocabulary(const nlohmann::json& vocab);
  std::vector<AddedToken> ReadAddedTokens(const nlohmann::json& file, const Normalizer& normalizer);
  void Put(int32_t id, const std::string& spelling);

  TokenIds model_ids_;
  TokenIds added_ids_;
  std::vector<std::string> spellings_;  // by id
  std::vector<bool> known_;             // by id
  std::vector<bool> special_;           // by id
  AddedTokens added_;
};

}  // namespace temper
