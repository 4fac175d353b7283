#include <optional>

#include "policy/strict_json.h"
#include "policy/tokenizer_file.h"
#include "policy/unicode_regex.h"
#include "policy/utf8.h"

namespace temper {
namespace {

// Words by WhitespaceSplit (runs without white space) or Whitespace (runs of word characters, runs of the rest).
class WordLevelTokenizer : public Tokenizer {
 public:
  explicit WordLevelTokenizer(const nlohmann::json& file) : table_(file) {
    const auto& model = file.at("model");
    const std::string unknown = JsonString(model, "unk_token", "model");
    unknown_ = table_.IdOf(unknown);
    if (unknown_ < 0) throw ConfigError(Concat("tokenizer.json: model.unk_token ", Quoted(unknown), " is not in model.vocab"));
    const std::string split = IsNullOrAbsent(file, "pre_tokenizer") ? "null" : ComponentType(file.at("pre_tokenizer"));
    if (split == "Whitespace") {
      words_.emplace(R"([\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]+|[^\s\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]+)");
    } else if (split != "WhitespaceSplit") {
      throw ConfigError(Concat("tokenizer.json: pre_tokenizer ", Quoted(split), " is not supported with WordLevel"));
    }
    if (!IsNullOrAbsent(file, "decoder")) {
      throw ConfigError(Concat("tokenizer.json: decoder ", Quoted(ComponentType(file.at("decoder"))), " is not supported with WordLevel"));
    }
  }

  std::vector<int32_t> Encode(std::string_view text) const override {
    CheckUtf8(text);
    std::vector<int32_t> ids;
    for (const TextPiece& piece : table_.added().Split(text)) {
      if (piece.id >= 0) {
        ids.push_back(piece.id);
      } else {
        EncodeWords(piece.text, &ids);
      }
    }
    return ids;
  }

  std::string Decode(std::span<const int32_t> ids) const override {
    std::string text;
    for (const std::string_view word : table_.Spell(ids)) {
      if (!text.empty()) text += ' ';
      text += word;
    }
    return text;
  }

  int64_t vocab_size() const override { return table_.size(); }
  int32_t IdOf(std::string_view token) const override { return table_.IdOf(token); }

 private:
  void EncodeWord(std::string_view word, std::vector<int32_t>* ids) const {
    const int32_t id = table_.IdOf(word);
    ids->push_back(id >= 0 ? id : unknown_);
  }

  void EncodeWords(std::string_view text, std::vector<int32_t>* ids) const {
    if (words_) {
      for (const auto& [begin, end] : words_->FindAll(text)) EncodeWord(text.substr(begin, end - begin), ids);
      return;
    }
    size_t begin = 0;
    for (size_t at = 0; at < text.size();) {
      const size_t start = at;
      if (!IsWhiteSpace(NextCodePoint(text, &at))) continue;
      if (start > begin) EncodeWord(text.substr(begin, start - begin), ids);
      begin = at;
    }
    if (begin < text.size()) EncodeWord(text.substr(begin), ids);
  }

  TokenTable table_;
  int32_t unknown_ = -1;
  std::optional<UnicodeRegex> words_;  // absent: WhitespaceSplit
};

}  // namespace

std::unique_ptr<Tokenizer> ReadWordLevelTokenizer(const nlohmann::json& file) { return std::make_unique<WordLevelTokenizer>(file); }

}  // namespace temper
