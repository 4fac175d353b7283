#include "policy/gguf/vocabulary.h"

#include <algorithm>
#include <unordered_set>

#include "cluster/base/error.h"
#include "policy/text/strict_json.h"

namespace temper {
namespace {

constexpr char kTokens[] = "tokenizer.ggml.tokens";

}  // namespace

GgufVocabulary::GgufVocabulary(const GgufMetadata& metadata, int64_t vocab_size) : tokens_(metadata.TextsAt(kTokens)) {
  if (tokens_.size() > static_cast<size_t>(vocab_size))
    metadata.Refuse(kTokens, Concat(tokens_.size(), " tokens, but the embedding has ", vocab_size, " rows"));
  const auto check_size = [&](const char* key, size_t size) {
    if (size != tokens_.size()) metadata.Refuse(key, Concat(size, " values for ", tokens_.size(), " tokens"));
  };
  if (auto types = metadata.Wholes("tokenizer.ggml.token_type")) {
    check_size("tokenizer.ggml.token_type", types->size());
    types_ = *std::move(types);
  }
  if (auto scores = metadata.Reals("tokenizer.ggml.scores")) {
    check_size("tokenizer.ggml.scores", scores->size());
    scores_ = *std::move(scores);
  }
  std::unordered_set<std::string_view> seen;
  for (size_t id = 0; id < tokens_.size(); ++id) {
    if (IsUsed(id) && tokens_[id].empty()) metadata.Refuse(kTokens, Concat("token ", id, " is empty"));
    if (IsUsed(id) && !seen.insert(tokens_[id]).second) metadata.Refuse(kTokens, Concat("token ", Quoted(tokens_[id]), " is there twice"));
  }
  for (const char* key : {"tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id"}) {
    const auto id = metadata.Whole(key);
    if (id && *id >= 0 && *id < static_cast<int64_t>(tokens_.size())) bounds_.push_back(*id);
  }
}

nlohmann::json GgufVocabulary::VocabJson() const {
  nlohmann::json vocab = nlohmann::json::object();
  for (size_t id = 0; id < tokens_.size(); ++id)
    if (IsUsed(id)) vocab.emplace(tokens_[id], id);
  return vocab;
}

nlohmann::json GgufVocabulary::AddedTokensJson() const {
  nlohmann::json added = nlohmann::json::array();
  for (size_t id = 0; id < tokens_.size(); ++id) {
    const int64_t type = TypeOf(id);
    const bool bound = std::find(bounds_.begin(), bounds_.end(), static_cast<int64_t>(id)) != bounds_.end();
    const bool special = type == kControl || type == kUnknown || bound;
    if (!IsUsed(id) || (!special && type != kUserDefined)) continue;
    added.push_back({{"id", id},
                     {"content", tokens_[id]},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", special}});
  }
  return added;
}

}  // namespace temper
