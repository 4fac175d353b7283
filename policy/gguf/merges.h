#pragma once

#include <string>
#include <utility>
#include <vector>

#include "policy/gguf/metadata.h"
#include "policy/gguf/vocabulary.h"

namespace temper {

using TokenPair = std::pair<std::string, std::string>;

// The merges of a file's tokenizer, the first one first: those it lists ("left right").
std::vector<TokenPair> ListedMerges(const GgufMetadata& metadata);

// Those that the scores of SentencePiece's tokens imply: each cut of a token into two tokens, by
// falling score of the token that it makes. Equal scores keep the order that transformers derives
// them in. ConfigError where the file has no scores.
std::vector<TokenPair> MergesByScore(const GgufMetadata& metadata, const GgufVocabulary& vocabulary);

}  // namespace temper
