#include <algorithm>
#include <array>
#include <optional>
#include <unordered_set>
#include <utility>

#include "cluster/base/error.h"
#include "cluster/base/utf8.h"
#include "policy/text/strict_json.h"
#include "policy/tokenizer/byte_level.h"
#include "policy/tokenizer/byte_pair_merges.h"
#include "policy/tokenizer/token_model.h"
#include "policy/tokenizer/tokenizer_json.h"

namespace temper {
namespace {

constexpr char kWhere[] = "model";

std::string ByteToken(int byte) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  return {'<', '0', 'x', kDigits[byte >> 4], kDigits[byte & 15], '>'};
}

// Byte-pair encoding: a word's characters (or bytes) are its first symbols, then neighbours merge. A word may be a whole text; it is cut
// before spaces where no merge can reach across, which changes nothing but lets the cache work.
class BytePairModel : public TokenModel {
 public:
  BytePairModel(const nlohmann::json& model, const TokenTable& table, bool spells_bytes)
      : table_(table), spells_bytes_(spells_bytes), space_(spells_bytes ? " " : "\xE2\x96\x81") {
    CheckModel(model);
    fuse_unknown_ = JsonBoolOr(model, "fuse_unk", false, kWhere);
    byte_fallback_ = JsonBoolOr(model, "byte_fallback", false, kWhere);
    ignore_merges_ = JsonBoolOr(model, "ignore_merges", false, kWhere);
    if (!IsNullOrAbsent(model, "unk_token")) {
      unknown_token_ = JsonString(model, "unk_token", kWhere);
      unknown_ = table.ModelIdOf(*unknown_token_);
    }
    ReadSymbols();
    ReadMerges(JsonList(model, "merges", kWhere));
  }

  void Encode(std::string_view word, WordCache* cache, std::vector<int32_t>* ids) const override {
    if (cache->Append(word, ids)) return;
    if (const int32_t whole = ignore_merges_ ? WholeWord(word) : -1; whole >= 0) {
      ids->push_back(whole);
      cache->Insert(word, {&whole, 1});
      return;
    }
    size_t begin = 0;
    for (size_t space = word.find(space_, 1); space != std::string_view::npos; space = word.find(space_, space + 1)) {
      if (!can_cut_behind_[static_cast<uint8_t>(word[space - 1])]) continue;
      EncodePart(word.substr(begin, space - begin), cache, ids);
      begin = space;
    }
    EncodePart(word.substr(begin), cache, ids);
  }

 private:
  static void CheckModel(const nlohmann::json& model) {
    for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
      if (!IsNullOrAbsent(model, key) && model.at(key) != "") throw ConfigError(Concat("tokenizer.json: model.", key, " is not supported"));
    }
    if (!IsNullOrAbsent(model, "dropout") && model.at("dropout") != 0.0) {
      throw ConfigError("tokenizer.json: model.dropout is not supported");
    }
  }

  // ---- reading ----

  void ReadSymbols() {
    for (int byte = 0; byte < 256; ++byte) {
      const auto at = static_cast<size_t>(byte);
      byte_tokens_[at] = table_.ModelIdOf(ByteToken(byte));
      if (spells_bytes_) symbols_[at] = table_.ModelIdOf(ByteSymbol(static_cast<uint8_t>(byte)));
      if (!spells_bytes_ && byte < 0x80) symbols_[at] = table_.ModelIdOf(std::string(1, static_cast<char>(byte)));
    }
    for (const auto& [token, id] : table_.model_ids()) max_token_bytes_ = std::max(max_token_bytes_, token.size());
  }

  // Merges come as "a b" or as ["a", "b"]; both parts and their concatenation must be tokens.
  void ReadMerges(const nlohmann::json& merges) {
    std::array<bool, 256>
        joins_space{};  // a merge joins a token that ends with this byte or ASCII character with one that starts with a space
    bool byte_tokens_merge = false;
    const std::unordered_set<int32_t> byte_tokens(byte_tokens_.begin(), byte_tokens_.end());
    const std::string space = spells_bytes_ ? ByteSymbol(' ') : space_;
    for (size_t rank = 0; rank < merges.size(); ++rank) {
      if (merges[rank].is_string() && merges[rank].get_ref<const std::string&>().starts_with("#version")) continue;
      const auto [left, right] = ReadMerge(merges[rank], rank);
      const int32_t left_id = PartOfMerge(left, rank), right_id = PartOfMerge(right, rank);
      merges_.Add(left_id, right_id, PartOfMerge(left + right, rank));
      byte_tokens_merge |= byte_tokens.contains(left_id) || byte_tokens.contains(right_id);
      if (right.starts_with(space)) joins_space[LastSymbol(left)] = true;
    }
    FindCuts(joins_space, byte_tokens_merge);
  }

  static std::pair<std::string, std::string> ReadMerge(const nlohmann::json& merge, size_t rank) {
    std::pair<std::string, std::string> parts;
    if (merge.is_string()) {
      const auto& text = merge.get_ref<const std::string&>();
      const size_t space = text.find(' ');
      parts.first = text.substr(0, space);
      parts.second = space == std::string::npos ? "" : text.substr(space + 1);
    } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
      parts = {merge[0].get<std::string>(), merge[1].get<std::string>()};
    }
    if (parts.first.empty() || parts.second.empty()) {
      throw ConfigError(Concat("tokenizer.json: model.merge ", rank, " is not a pair of tokens"));
    }
    return parts;
  }

  int32_t PartOfMerge(const std::string& token, size_t rank) const {
    const int32_t id = table_.ModelIdOf(token);
    if (id < 0) throw ConfigError(Concat("tokenizer.json: merge ", rank, ": ", Quoted(token), " is not in model.vocab"));
    return id;
  }

  // The byte that the token's last character spells or, as characters, its last byte.
  uint8_t LastSymbol(const std::string& token) const {
    if (!spells_bytes_) return static_cast<uint8_t>(token.back());
    std::string last;
    AppendSpelledBytes(token.substr(LastCodePointStart(token)), &last);
    return static_cast<uint8_t>(last.back());
  }

  // A word may be cut between a byte (a character, where it is ASCII) and a space that are both symbols, if no merge joins tokens there.
  void FindCuts(const std::array<bool, 256>& joins_space, bool byte_tokens_merge) {
    size_t at = 0;
    if (SymbolAt(space_, &at) < 0) return;
    for (size_t byte = 0; byte < (spells_bytes_ ? 256 : 128); ++byte) {
      const bool stays_apart = byte_fallback_ && !spells_bytes_ && byte_tokens_[byte] >= 0 && !byte_tokens_merge;
      can_cut_behind_[byte] = symbols_[byte] >= 0 ? !joins_space[byte] : stays_apart;
    }
  }

  // ---- encoding ----

  // Id of the word as a token, -1 where it is none.
  int32_t WholeWord(std::string_view word) const {
    if (word.size() > max_token_bytes_) return -1;
    if (!spells_bytes_) return table_.ModelIdOf(word);
    std::string spelled;
    AppendByteSymbols(word, &spelled);
    return table_.ModelIdOf(spelled);
  }

  void EncodePart(std::string_view part, WordCache* cache, std::vector<int32_t>* ids) const {
    if (cache->Append(part, ids)) return;
    std::vector<int32_t> symbols = FirstSymbols(part);
    merges_.Apply(&symbols);
    cache->Insert(part, symbols);
    ids->insert(ids->end(), symbols.begin(), symbols.end());
  }

  // Id of the symbol at *at, which moves behind it; -1 where the vocabulary has none.
  int32_t SymbolAt(std::string_view word, size_t* at) const {
    const auto byte = static_cast<uint8_t>(word[*at]);
    if (spells_bytes_ || byte < 0x80) {
      ++*at;
      return symbols_[byte];
    }
    const size_t start = *at;
    NextCodePoint(word, at);
    return table_.ModelIdOf(word.substr(start, *at - start));
  }

  // A character without a symbol is its bytes' tokens where all of them exist, else the unknown token where there is one, else nothing.
  // As in the library, an unknown token stands before the next known character, behind byte tokens in between.
  std::vector<int32_t> FirstSymbols(std::string_view word) const {
    std::vector<int32_t> symbols;
    symbols.reserve(word.size());
    bool pending = false;
    for (size_t at = 0; at < word.size();) {
      const size_t start = at;
      const int32_t id = SymbolAt(word, &at);
      if (id < 0 && AppendByteTokens(word.substr(start, at - start), &symbols)) continue;
      if (id < 0 && !unknown_token_) continue;
      if (pending && !(id < 0 && fuse_unknown_)) symbols.push_back(Unknown());
      pending = id < 0;
      if (id >= 0) symbols.push_back(id);
    }
    if (pending) symbols.push_back(Unknown());
    return symbols;
  }

  bool AppendByteTokens(std::string_view character, std::vector<int32_t>* symbols) const {
    if (!byte_fallback_) return false;
    std::string spelled;
    if (spells_bytes_) AppendByteSymbols(character, &spelled);
    const std::string_view bytes = spells_bytes_ ? spelled : character;
    const auto token = [&](char byte) { return byte_tokens_[static_cast<uint8_t>(byte)]; };
    if (!std::all_of(bytes.begin(), bytes.end(), [&](char byte) { return token(byte) >= 0; })) return false;
    for (const char byte : bytes) symbols->push_back(token(byte));
    return true;
  }

  int32_t Unknown() const {
    if (unknown_ < 0) throw ConfigError(Concat("tokenizer.json: model.unk_token ", Quoted(*unknown_token_), " is not in model.vocab"));
    return unknown_;
  }

  const TokenTable& table_;
  bool spells_bytes_;
  std::string space_;  // what a word may be cut before
  BytePairMerges merges_;
  std::optional<std::string> unknown_token_;
  int32_t unknown_ = -1;
  bool fuse_unknown_ = false;
  bool byte_fallback_ = false;
  bool ignore_merges_ = false;
  size_t max_token_bytes_ = 0;
  std::array<int32_t, 256> symbols_{};      // by byte, or by ASCII character
  std::array<int32_t, 256> byte_tokens_{};  // <0x00> to <0xFF>; -1 where the vocabulary has none
  std::array<bool, 256> can_cut_behind_{};
};

}  // namespace

nlohmann::json BytePairModelJson(nlohmann::json vocabulary, nlohmann::json merges) {
  return {{"type", "BPE"},
          {"dropout", nullptr},
          {"unk_token", nullptr},
          {"continuing_subword_prefix", nullptr},
          {"end_of_word_suffix", nullptr},
          {"fuse_unk", false},
          {"byte_fallback", false},
          {"ignore_merges", false},
          {"vocab", std::move(vocabulary)},
          {"merges", std::move(merges)}};
}

std::unique_ptr<TokenModel> ReadBytePairModel(const nlohmann::json& model, const TokenTable& table, bool spells_bytes) {
  return std::make_unique<BytePairModel>(model, table, spells_bytes);
}

}  // namespace temper
