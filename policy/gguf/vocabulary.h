#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "policy/gguf/metadata.h"

namespace temper {

// The tokens of a GGUF file by their id.
class GgufVocabulary {
 public:
  // ConfigError where the file has none, more than `vocab_size`, one of them twice, or types or scores that are not one for each.
  GgufVocabulary(const GgufMetadata& metadata, int64_t vocab_size);

  const std::vector<std::string>& tokens() const { return tokens_; }
  const std::vector<double>& scores() const { return scores_; }  // empty where the file has none
  // Whether the token is of the tokenizer; others fill the vocabulary up to the size of the embedding.
  bool IsUsed(size_t id) const { return TypeOf(id) != kUnused; }

  // As tokenizer.json has them. The tokens that bound a text are special, whatever their type.
  nlohmann::json VocabJson() const;
  nlohmann::json AddedTokensJson() const;

 private:
  // tokenizer.ggml.token_type
  static constexpr int64_t kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5;

  int64_t TypeOf(size_t id) const { return types_.empty() ? kNormal : types_[id]; }

  std::vector<std::string> tokens_;
  std::vector<int64_t> types_;  // empty: all normal
  std::vector<double> scores_;
  std::vector<int64_t> bounds_;  // ids of the begin and the end of a text
};

}  // namespace temper
