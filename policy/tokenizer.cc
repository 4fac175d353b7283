#include "policy/tokenizer.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include "policy/strict_json.h"
#include "policy/tokenizer_file.h"
#include "policy/utf8.h"

namespace temper {
namespace {

constexpr size_t kMaxFileBytes = size_t{64} << 20;
constexpr size_t kMaxVocabulary = size_t{1} << 20;
constexpr int kMaxDepth = 32;

void RefuseUnlessNull(const nlohmann::json& file, const char* key) {
  if (IsNullOrAbsent(file, key)) return;
  throw ConfigError(Concat("tokenizer.json: ", key, " ", ComponentType(file.at(key)), " is not supported; only null is"));
}

// Post-processors add bos and eos, which the caller of Encode does itself; an unknown one might do more.
void CheckPostProcessor(const nlohmann::json& component) {
  const std::string type = ComponentType(component);
  if (type == "Sequence") {
    for (const auto& part : JsonField(component, "processors", "post_processor")) CheckPostProcessor(part);
  } else if (type != "null" && type != "ByteLevel" && type != "TemplateProcessing") {
    throw ConfigError(Concat("tokenizer.json: post_processor ", Quoted(type), " is not supported"));
  }
}

nlohmann::json SpecialToken(const std::string& content, int id) {
  return {{"id", id},        {"content", content},  {"single_word", false}, {"lstrip", false},
          {"rstrip", false}, {"normalized", false}, {"special", true}};
}

// The parts that both of our own files share; <pad> 0, <bos> 1, <eos> 2, <unk> 3.
const std::vector<std::string>& OwnSpecials() {
  static const std::vector<std::string> specials = {"<pad>", "<bos>", "<eos>", "<unk>"};
  return specials;
}

nlohmann::json OwnFile() {
  nlohmann::json file = {
      {"version", "1.0"}, {"truncation", nullptr}, {"padding", nullptr}, {"normalizer", nullptr}, {"post_processor", nullptr}};
  file["added_tokens"] = nlohmann::json::array();
  for (size_t i = 0; i < OwnSpecials().size(); ++i) file["added_tokens"].push_back(SpecialToken(OwnSpecials()[i], static_cast<int>(i)));
  return file;
}

nlohmann::json OwnVocabulary(const std::vector<std::string>& words) {
  nlohmann::json vocab = nlohmann::json::object();
  int id = 0;
  for (const auto* part : {&OwnSpecials(), &words}) {
    for (const std::string& word : *part) {
      TEMPER_CHECK(vocab.emplace(word, id++).second, "the vocabulary holds ", word, " twice");
    }
  }
  return vocab;
}

}  // namespace

const nlohmann::json& JsonField(const nlohmann::json& object, const char* key, std::string_view where) {
  if (!object.is_object() || !object.contains(key)) throw ConfigError(Concat("tokenizer.json: ", where, " has no field ", key));
  return object.at(key);
}

bool JsonBool(const nlohmann::json& object, const char* key, std::string_view where) {
  const auto& value = JsonField(object, key, where);
  if (!value.is_boolean()) throw ConfigError(Concat("tokenizer.json: ", where, ".", key, " must be true or false"));
  return value.get<bool>();
}

std::string JsonString(const nlohmann::json& object, const char* key, std::string_view where) {
  const auto& value = JsonField(object, key, where);
  if (!value.is_string()) throw ConfigError(Concat("tokenizer.json: ", where, ".", key, " must be a string"));
  return value.get<std::string>();
}

bool IsNullOrAbsent(const nlohmann::json& object, const char* key) { return !object.contains(key) || object.at(key).is_null(); }

std::string ComponentType(const nlohmann::json& component) {
  if (component.is_null()) return "null";
  if (!component.is_object() || !component.contains("type") || !component.at("type").is_string()) return "(without a type)";
  return component.at("type").get<std::string>();
}

void CheckUtf8(std::string_view text) {
  const auto bad = InvalidUtf8At(text);
  if (bad) throw ConfigError(Concat("the text to encode is not valid UTF-8: byte ", *bad, " of ", text.size()));
}

TokenTable::TokenTable(const nlohmann::json& file) {
  AddVocabulary(JsonField(JsonField(file, "model", "the file"), "vocab", "model"));
  added_ = AddedTokens(ReadAddedTokens(file));
}

void TokenTable::AddVocabulary(const nlohmann::json& vocab) {
  if (!vocab.is_object()) throw ConfigError("tokenizer.json: model.vocab must be a map from token to id");
  if (vocab.size() > kMaxVocabulary) {
    throw ConfigError(Concat("tokenizer.json: ", vocab.size(), " tokens in model.vocab; at most ", kMaxVocabulary, " are read"));
  }
  tokens_.resize(vocab.size());
  special_.resize(vocab.size());
  std::vector<bool> taken(vocab.size());
  ids_.reserve(vocab.size());
  for (const auto& [token, value] : vocab.items()) {
    const bool in_range = value.is_number_unsigned() && value.get<uint64_t>() < vocab.size();
    if (!in_range || taken[value.get<size_t>()]) {
      throw ConfigError(Concat("tokenizer.json: model.vocab: token ", Quoted(token), " has id ", Quoted(value.dump()),
                               "; ids must be 0 to ", vocab.size() - 1, ", each once"));
    }
    const auto id = value.get<size_t>();
    taken[id] = true;
    tokens_[id] = ids_.emplace(token, static_cast<int32_t>(id)).first->first;
  }
}

std::vector<AddedToken> TokenTable::ReadAddedTokens(const nlohmann::json& file) {
  std::vector<AddedToken> added;
  if (IsNullOrAbsent(file, "added_tokens")) return added;
  const auto& list = file.at("added_tokens");
  if (!list.is_array() || list.size() > kMaxVocabulary)
    throw ConfigError("tokenizer.json: added_tokens must be a list, of no more than 2^20");
  for (const auto& item : list) {
    AddedToken token;
    token.content = JsonString(item, "content", "added_tokens");
    if (token.content.empty()) throw ConfigError("tokenizer.json: an added token is empty");
    const auto known = ids_.find(token.content);
    const auto expected = known == ids_.end() ? size() : int64_t{known->second};
    const auto& id = JsonField(item, "id", "added_tokens");
    if (!id.is_number_integer() || id.get<int64_t>() != expected) {
      throw ConfigError(Concat("tokenizer.json: added token ", Quoted(token.content), " has id ", Quoted(id.dump()), ", expected ",
                               expected, known == ids_.end() ? " (the next free one)" : " (its id in model.vocab)"));
    }
    token.id = static_cast<int32_t>(expected);
    token.special = JsonBool(item, "special", "added_tokens");
    token.normalized = JsonBool(item, "normalized", "added_tokens");
    token.lstrip = JsonBool(item, "lstrip", "added_tokens");
    token.rstrip = JsonBool(item, "rstrip", "added_tokens");
    token.single_word = JsonBool(item, "single_word", "added_tokens");
    if (known == ids_.end()) {
      tokens_.push_back(ids_.emplace(token.content, token.id).first->first);
      special_.push_back(false);
    }
    if (token.special) special_[static_cast<size_t>(token.id)] = true;
    added.push_back(std::move(token));
  }
  return added;
}

int32_t TokenTable::IdOf(std::string_view token) const {
  const auto found = ids_.find(std::string(token));
  return found == ids_.end() ? -1 : found->second;
}

std::vector<std::string_view> TokenTable::Spell(std::span<const int32_t> ids) const {
  std::vector<std::string_view> spelled;
  spelled.reserve(ids.size());
  for (const int32_t id : ids) {
    if (id >= 0 && id < size() && !special_[static_cast<size_t>(id)]) spelled.push_back(tokens_[static_cast<size_t>(id)]);
  }
  return spelled;
}

std::unique_ptr<Tokenizer> ParseTokenizer(const std::string& tokenizer_json) {
  if (tokenizer_json.size() > kMaxFileBytes) {
    throw ConfigError(Concat("tokenizer.json: ", tokenizer_json.size(), " bytes; at most ", kMaxFileBytes, " are read"));
  }
  std::string error;
  const auto file = ParseStrictJson(tokenizer_json, kMaxDepth, &error);
  if (!file) throw ConfigError("tokenizer.json: " + error);
  if (!file->is_object()) throw ConfigError("tokenizer.json: not a JSON object");
  RefuseUnlessNull(*file, "truncation");
  RefuseUnlessNull(*file, "padding");
  RefuseUnlessNull(*file, "normalizer");
  if (!IsNullOrAbsent(*file, "post_processor")) CheckPostProcessor(file->at("post_processor"));
  const std::string model = ComponentType(JsonField(*file, "model", "the file"));
  if (model == "WordLevel") return ReadWordLevelTokenizer(*file);
  if (model == "BPE") return ReadByteLevelTokenizer(*file);
  throw ConfigError(Concat("tokenizer.json: model ", Quoted(model), " is not supported; WordLevel and byte-level BPE are"));
}

std::unique_ptr<Tokenizer> LoadTokenizer(const std::string& folder) {
  const std::filesystem::path path = std::filesystem::path(folder) / "tokenizer.json";
  std::ifstream in(path, std::ios::binary);
  if (!in) throw ConfigError(Concat(path.string(), ": cannot be opened; a model folder needs a tokenizer.json"));
  std::error_code error;
  const auto bytes = std::filesystem::file_size(path, error);
  if (error || bytes > kMaxFileBytes) throw ConfigError(Concat(path.string(), ": not a file of at most ", kMaxFileBytes, " bytes"));
  std::string text(static_cast<size_t>(bytes), '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.gcount() != static_cast<std::streamsize>(text.size())) throw ConfigError(Concat(path.string(), ": cannot be read"));
  return ParseTokenizer(text);
}

std::string WordLevelTokenizerJson(const std::vector<std::string>& words) {
  nlohmann::json file = OwnFile();
  file["pre_tokenizer"] = {{"type", "WhitespaceSplit"}};
  file["decoder"] = nullptr;
  file["model"] = {{"type", "WordLevel"}, {"vocab", OwnVocabulary(words)}, {"unk_token", "<unk>"}};
  return file.dump(1) + "\n";
}

std::string ByteLevelTokenizerJson() {
  std::vector<std::string> bytes;
  for (int byte = 0; byte < 256; ++byte) bytes.push_back(ByteSymbol(static_cast<uint8_t>(byte)));
  const nlohmann::json byte_level = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", false}};
  nlohmann::json file = OwnFile();
  file["pre_tokenizer"] = byte_level;
  file["decoder"] = byte_level;
  file["model"] = {{"type", "BPE"},
                   {"dropout", nullptr},
                   {"unk_token", nullptr},
                   {"continuing_subword_prefix", nullptr},
                   {"end_of_word_suffix", nullptr},
                   {"fuse_unk", false},
                   {"byte_fallback", false},
                   {"ignore_merges", false},
                   {"vocab", OwnVocabulary(bytes)},
                   {"merges", nlohmann::json::array()}};
  return file.dump(1) + "\n";
}

}  // namespace temper
