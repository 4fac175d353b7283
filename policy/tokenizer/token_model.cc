#include "policy/tokenizer/token_model.h"

#include "cluster/base/error.h"
#include "policy/text/strict_json.h"
#include "policy/tokenizer/byte_level.h"
#include "policy/tokenizer/tokenizer_json.h"

namespace temper {
namespace {

// A word is a token or unknown.
class WordLevelModel : public TokenModel {
 public:
  WordLevelModel(const TokenTable& table, bool spells_bytes, int32_t unknown)
      : table_(table), spells_bytes_(spells_bytes), unknown_(unknown) {}

  void Encode(std::string_view word, WordCache*, std::vector<int32_t>* ids) const override {
    std::string spelled;
    if (spells_bytes_) AppendByteSymbols(word, &spelled);
    const int32_t id = table_.ModelIdOf(spells_bytes_ ? spelled : word);
    ids->push_back(id >= 0 ? id : unknown_);
  }

 private:
  const TokenTable& table_;
  bool spells_bytes_;
  int32_t unknown_;
};

// The type of a model that does not say it, by the fields that the library needs of each.
std::string TypeByFields(const nlohmann::json& model) {
  if (model.contains("merges")) return "BPE";
  if (model.contains("max_input_chars_per_word")) return "WordPiece";
  if (model.contains("vocab") && model.at("vocab").is_array()) return "Unigram";
  return "WordLevel";
}

}  // namespace

std::unique_ptr<TokenModel> ReadWordLevelModel(const nlohmann::json& model, const TokenTable& table, bool spells_bytes) {
  const std::string unknown = JsonString(model, "unk_token", "model");
  const int32_t id = table.ModelIdOf(unknown);
  if (id < 0) throw ConfigError(Concat("tokenizer.json: model.unk_token ", Quoted(unknown), " is not in model.vocab"));
  return std::make_unique<WordLevelModel>(table, spells_bytes, id);
}

std::unique_ptr<TokenModel> ReadTokenModel(const nlohmann::json& model, const TokenTable& table, bool spells_bytes) {
  const std::string type = model.is_object() && !model.contains("type") ? TypeByFields(model) : ComponentType(model);
  if (type == "WordLevel") return ReadWordLevelModel(model, table, spells_bytes);
  if (type == "BPE") return ReadBytePairModel(model, table, spells_bytes);
  throw ConfigError(Concat("tokenizer.json: model ", Quoted(type), " is not supported; BPE and WordLevel are"));
}

}  // namespace temper
