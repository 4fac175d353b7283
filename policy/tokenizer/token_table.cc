#include "policy/tokenizer/token_table.h"

#include <algorithm>
#include <unordered_set>

#include "cluster/base/error.h"
#include "cluster/base/log.h"
#include "policy/text/strict_json.h"
#include "policy/tokenizer/tokenizer_json.h"

namespace temper {
namespace {

constexpr size_t kMaxTokens = size_t{1} << 20;
constexpr uint64_t kMaxId = (uint64_t{1} << 21) - 1;

AddedToken ReadAddedToken(const nlohmann::json& item) {
  constexpr char kWhere[] = "added_tokens";
  AddedToken token;
  token.content = JsonString(item, "content", kWhere);
  if (token.content.empty()) throw ConfigError("tokenizer.json: an added token is empty");
  token.special = JsonBool(item, "special", kWhere);
  token.normalized = JsonBool(item, "normalized", kWhere);
  token.lstrip = JsonBool(item, "lstrip", kWhere);
  token.rstrip = JsonBool(item, "rstrip", kWhere);
  token.single_word = JsonBool(item, "single_word", kWhere);
  return token;
}

// The list by id. Its ids are what the weights were trained with, wherever the entries stand; the library, which numbers the tokens that
// `is_new` of by their place, writes them in this order.
template <typename IsNew>
std::vector<const nlohmann::json*> InOrderOfIds(const nlohmann::json& list, const IsNew& is_new) {
  std::vector<const nlohmann::json*> items;
  for (const auto& item : list) {
    const auto& id = JsonField(item, "id", "added_tokens");
    if (!id.is_number_integer())
      throw ConfigError(Concat("tokenizer.json: added_tokens.id must be a whole number, found ", Quoted(id.dump())));
    items.push_back(&item);
  }
  const auto id_of = [](const nlohmann::json* item) { return item->at("id").get<int64_t>(); };
  int64_t last = -1;
  for (const auto* item : items) {
    if (!is_new(*item)) continue;
    if (id_of(item) < last) {
      TEMPER_LOG(Warn,
                 "tokenizer.json: added_tokens are out of order; each has the id that stands there. The tokenizers library would "
                 "number them by their place: sort the list by id before other programs read it");
      break;
    }
    last = id_of(item);
  }
  std::stable_sort(items.begin(), items.end(), [&](const auto* a, const auto* b) { return id_of(a) < id_of(b); });
  return items;
}

}  // namespace

TokenTable::TokenTable(const nlohmann::json& file, const Normalizer& normalizer) {
  ReadVocabulary(JsonField(JsonField(file, "model", "the file"), "vocab", "model"));
  added_ = AddedTokens(ReadAddedTokens(file, normalizer));
}

void TokenTable::Put(int32_t id, const std::string& spelling) {
  const auto index = static_cast<size_t>(id);
  if (index >= spellings_.size()) {
    spellings_.resize(index + 1);
    known_.resize(index + 1);
    special_.resize(index + 1);
  }
  spellings_[index] = spelling;
  known_[index] = true;
}

void TokenTable::ReadVocabulary(const nlohmann::json& vocab) {
  if (vocab.is_array()) {
    throw ConfigError("tokenizer.json: model.vocab is a list, as a Unigram model has it, which is not supported; BPE and WordLevel are");
  }
  if (!vocab.is_object()) throw ConfigError("tokenizer.json: model.vocab must be a map from token to id");
  if (vocab.size() > kMaxTokens) {
    throw ConfigError(Concat("tokenizer.json: ", vocab.size(), " tokens in model.vocab; at most ", kMaxTokens, " are read"));
  }
  model_ids_.reserve(vocab.size());
  spellings_.reserve(vocab.size());
  for (const auto& [token, value] : vocab.items()) {
    const bool in_range = value.is_number_unsigned() && value.get<uint64_t>() <= kMaxId;
    if (!in_range || Has(value.get<int64_t>())) {
      throw ConfigError(Concat("tokenizer.json: model.vocab: token ", Quoted(token), " has id ", Quoted(value.dump()),
                               "; ids must be 0 to ", kMaxId, ", each once"));
    }
    const auto id = value.get<int32_t>();
    model_ids_.emplace(token, id);
    Put(id, token);
  }
}

std::vector<AddedToken> TokenTable::ReadAddedTokens(const nlohmann::json& file, const Normalizer& normalizer) {
  std::vector<AddedToken> added;
  if (IsNullOrAbsent(file, "added_tokens")) return added;
  const auto& list = JsonList(file, "added_tokens", "the file");
  if (list.size() > kMaxTokens) throw ConfigError(Concat("tokenizer.json: ", list.size(), " added_tokens; at most ", kMaxTokens));
  auto next = static_cast<int64_t>(model_ids_.size());
  std::unordered_set<std::string_view> special;
  const auto is_unlisted = [&](const nlohmann::json& item) { return ModelIdOf(JsonString(item, "content", "added_tokens")) < 0; };
  for (const auto* item : InOrderOfIds(list, is_unlisted)) {
    AddedToken token = ReadAddedToken(*item);
    const int32_t known = IdOf(token.content);
    const int64_t expected = known >= 0 ? known : next++;
    const auto& id = item->at("id");
    if (id.get<int64_t>() != expected || (known < 0 && Has(expected))) {
      throw ConfigError(Concat("tokenizer.json: added token ", Quoted(token.content), " has id ", Quoted(id.dump()), ", expected ",
                               expected, known < 0 ? " (the next free one)" : " (its id in model.vocab)"));
    }
    token.id = static_cast<int32_t>(expected);
    token.pattern = token.normalized ? normalizer.Apply(token.content).text : token.content;
    Put(token.id, token.pattern);
    const auto [entry, is_new] = added_ids_.emplace(token.content, token.id);
    if (token.special) special.insert(entry->first);
    if (!is_new) std::erase_if(added, [&](const AddedToken& other) { return other.id == token.id; });
    added.push_back(std::move(token));
  }
  // By the spelling, as the library decides it: a special token that the normalizer changes is not left out.
  for (const AddedToken& token : added) {
    special_[static_cast<size_t>(token.id)] = special.contains(SpellingOf(token.id));
  }
  return added;
}

int32_t TokenTable::IdOf(std::string_view token) const {
  const auto found = added_ids_.find(token);
  return found == added_ids_.end() ? ModelIdOf(token) : found->second;
}

int32_t TokenTable::ModelIdOf(std::string_view token) const {
  const auto found = model_ids_.find(token);
  return found == model_ids_.end() ? -1 : found->second;
}

}  // namespace temper
