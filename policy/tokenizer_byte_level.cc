#include <algorithm>
#include <array>
#include <unordered_map>

#include "policy/byte_pair_merges.h"
#include "policy/strict_json.h"
#include "policy/tokenizer_file.h"
#include "policy/unicode_regex.h"
#include "policy/utf8.h"

namespace temper {
namespace {

// The word splits of the checkpoints Temper reads, by their spelling in tokenizer.json. A list, because a regular expression is a
// program and the file is not trusted: GPT-2, Llama 3, Qwen 2, o200k.
constexpr std::string_view kGpt2 = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr std::string_view kKnownSplits[] = {
    kGpt2,
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
};

// One step of the split into words: what the expression matches and what lies between stay words of their own.
struct WordSplit {
  UnicodeRegex regex;
  bool keep_matches;
  bool keep_gaps;

  void Apply(std::string_view text, std::vector<std::string>* words) const {
    size_t done = 0;
    const auto put = [&](bool keep, size_t begin, size_t end) {
      if (keep && end > begin) words->emplace_back(text.substr(begin, end - begin));
      done = end;
    };
    for (const auto& [begin, end] : regex.FindAll(text)) {
      put(keep_gaps, done, begin);
      put(keep_matches, begin, end);
    }
    put(keep_gaps, done, text.size());
  }
};

// Pre-tokenizer of the file: a list of splits, then bytes.
class WordSplitter {
 public:
  explicit WordSplitter(const nlohmann::json& component) {
    Add(component);
    if (!bytes_) throw ConfigError("tokenizer.json: a BPE model is supported only behind a ByteLevel pre_tokenizer");
  }

  std::vector<std::string> Split(std::string_view text) const {
    std::vector<std::string> words = {std::string(text)};
    for (const Step& step : steps_) {
      std::vector<std::string> next;
      for (const std::string& word : words) {
        if (step.prefix_space) {
          next.push_back(word.starts_with(' ') ? word : ' ' + word);
        } else {
          step.split->Apply(word, &next);
        }
      }
      words = std::move(next);
    }
    return words;
  }

 private:
  struct Step {
    bool prefix_space = false;
    std::unique_ptr<WordSplit> split;
  };

  void Add(const nlohmann::json& component) {
    const std::string type = ComponentType(component);
    if (bytes_) throw ConfigError(Concat("tokenizer.json: pre_tokenizer ", Quoted(type), " after ByteLevel is not supported"));
    if (type == "Sequence") {
      for (const auto& part : JsonField(component, "pretokenizers", "pre_tokenizer")) Add(part);
    } else if (type == "Split") {
      AddSplit(component);
    } else if (type == "ByteLevel") {
      if (JsonBool(component, "add_prefix_space", "pre_tokenizer")) steps_.push_back({true, nullptr});
      const bool use_regex = !component.contains("use_regex") || JsonBool(component, "use_regex", "pre_tokenizer");
      if (use_regex) steps_.push_back({false, std::make_unique<WordSplit>(WordSplit{UnicodeRegex(std::string(kGpt2)), true, true})});
      bytes_ = true;
    } else {
      throw ConfigError(Concat("tokenizer.json: pre_tokenizer ", Quoted(type), " is not supported with byte-level BPE"));
    }
  }

  void AddSplit(const nlohmann::json& component) {
    const std::string pattern = JsonString(JsonField(component, "pattern", "pre_tokenizer"), "Regex", "pre_tokenizer.pattern");
    if (std::find(std::begin(kKnownSplits), std::end(kKnownSplits), pattern) == std::end(kKnownSplits)) {
      throw ConfigError(
          Concat("tokenizer.json: the split ", Quoted(pattern, 200), " is not one of those supported (GPT-2, Llama 3, Qwen 2, o200k)"));
    }
    const std::string behavior = JsonString(component, "behavior", "pre_tokenizer");
    if (behavior != "Isolated" && behavior != "Removed") {
      throw ConfigError(Concat("tokenizer.json: split behavior ", Quoted(behavior), " is not supported; Isolated and Removed are"));
    }
    const bool removed = behavior == "Removed";
    const bool invert = JsonBool(component, "invert", "pre_tokenizer");
    steps_.push_back({false, std::make_unique<WordSplit>(WordSplit{UnicodeRegex(pattern), !removed || invert, !removed || !invert})});
  }

  std::vector<Step> steps_;
  bool bytes_ = false;
};

class ByteLevelTokenizer : public Tokenizer {
 public:
  explicit ByteLevelTokenizer(const nlohmann::json& file)
      : table_(file), splitter_(IsNullOrAbsent(file, "pre_tokenizer") ? nlohmann::json() : file.at("pre_tokenizer")) {
    const auto& model = file.at("model");
    CheckModel(model);
    const std::string decoder = IsNullOrAbsent(file, "decoder") ? "null" : ComponentType(file.at("decoder"));
    if (decoder != "ByteLevel")
      throw ConfigError(Concat("tokenizer.json: decoder ", Quoted(decoder), " is not supported with byte-level BPE"));
    if (!IsNullOrAbsent(model, "unk_token")) unknown_ = KnownToken(JsonString(model, "unk_token", "model"), "model.unk_token");
    fuse_unknown_ = model.contains("fuse_unk") && JsonBool(model, "fuse_unk", "model");
    ignore_merges_ = model.contains("ignore_merges") && JsonBool(model, "ignore_merges", "model");
    for (size_t byte = 0; byte < 256; ++byte) {
      symbols_[byte] = ByteSymbol(static_cast<uint8_t>(byte));
      symbol_ids_[byte] = table_.IdOf(symbols_[byte]);
      bytes_of_.emplace(symbols_[byte], static_cast<char>(byte));
    }
    ReadMerges(JsonField(model, "merges", "model"));
  }

  std::vector<int32_t> Encode(std::string_view text) const override {
    CheckUtf8(text);
    std::vector<int32_t> ids;
    for (const TextPiece& piece : table_.added().Split(text)) {
      if (piece.id >= 0) {
        ids.push_back(piece.id);
        continue;
      }
      for (const std::string& word : splitter_.Split(piece.text)) EncodeWord(word, &ids);
    }
    return ids;
  }

  std::string Decode(std::span<const int32_t> ids) const override {
    std::string bytes;
    for (const std::string_view token : table_.Spell(ids)) AppendBytes(token, &bytes);
    return ReplaceInvalidUtf8(bytes);
  }

  int64_t vocab_size() const override { return table_.size(); }
  int32_t IdOf(std::string_view token) const override { return table_.IdOf(token); }

 private:
  static void CheckModel(const nlohmann::json& model) {
    for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
      if (!IsNullOrAbsent(model, key) && model.at(key) != "") throw ConfigError(Concat("tokenizer.json: model.", key, " is not supported"));
    }
    if (!IsNullOrAbsent(model, "dropout") && model.at("dropout") != 0.0)
      throw ConfigError("tokenizer.json: model.dropout is not supported");
    if (model.contains("byte_fallback") && JsonBool(model, "byte_fallback", "model")) {
      throw ConfigError("tokenizer.json: model.byte_fallback is not supported");
    }
  }

  int32_t KnownToken(const std::string& token, std::string_view where) const {
    const int32_t id = table_.IdOf(token);
    if (id < 0) throw ConfigError(Concat("tokenizer.json: ", where, ": ", Quoted(token), " is not in model.vocab"));
    return id;
  }

  // Merges come as "a b" or as ["a", "b"]; both parts and their concatenation must be tokens.
  void ReadMerges(const nlohmann::json& merges) {
    if (!merges.is_array()) throw ConfigError("tokenizer.json: model.merges must be a list");
    for (size_t rank = 0; rank < merges.size(); ++rank) {
      const std::string where = Concat("merge ", rank);
      const auto& merge = merges[rank];
      std::string left, right;
      if (merge.is_string()) {
        const auto& text = merge.get_ref<const std::string&>();
        const size_t space = text.find(' ');
        left = text.substr(0, space);
        right = space == std::string::npos ? "" : text.substr(space + 1);
      } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
        left = merge[0].get<std::string>();
        right = merge[1].get<std::string>();
      }
      if (left.empty() || right.empty()) throw ConfigError(Concat("tokenizer.json: model.", where, " is not a pair of tokens"));
      merges_.Add(KnownToken(left, where), KnownToken(right, where), KnownToken(left + right, where));
    }
  }

  void EncodeWord(std::string_view word, std::vector<int32_t>* ids) const {
    if (ignore_merges_) {
      std::string spelled;
      for (const char byte : word) spelled += symbols_[static_cast<uint8_t>(byte)];
      const int32_t id = table_.IdOf(spelled);
      if (id >= 0) {
        ids->push_back(id);
        return;
      }
    }
    std::vector<int32_t> symbols;
    symbols.reserve(word.size());
    bool after_unknown = false;
    for (const char byte : word) {
      const int32_t id = symbol_ids_[static_cast<uint8_t>(byte)];
      // A byte without a token is the unknown token where there is one, and nothing otherwise.
      const bool unknown = id < 0;
      if (!unknown) symbols.push_back(id);
      if (unknown && unknown_ >= 0 && !(fuse_unknown_ && after_unknown)) symbols.push_back(unknown_);
      after_unknown = unknown;
    }
    merges_.Apply(&symbols);
    ids->insert(ids->end(), symbols.begin(), symbols.end());
  }

  // A token with a character that stands for no byte is taken as it is spelled.
  void AppendBytes(std::string_view token, std::string* bytes) const {
    const size_t before = bytes->size();
    for (size_t at = 0; at < token.size();) {
      const size_t start = at;
      NextCodePoint(token, &at);
      const auto byte = bytes_of_.find(token.substr(start, at - start));
      if (byte == bytes_of_.end()) {
        bytes->resize(before);
        *bytes += token;
        return;
      }
      bytes->push_back(byte->second);
    }
  }

  TokenTable table_;
  WordSplitter splitter_;
  BytePairMerges merges_;
  int32_t unknown_ = -1;
  bool fuse_unknown_ = false;
  bool ignore_merges_ = false;
  std::array<std::string, 256> symbols_;
  std::array<int32_t, 256> symbol_ids_{};
  std::unordered_map<std::string_view, char> bytes_of_;  // keys view symbols_
};

}  // namespace

std::string ByteSymbol(uint8_t byte) {
  const auto stands_for_itself = [](int b) { return (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || (b >= 0xAE && b <= 0xFF); };
  char32_t symbol = byte;
  if (!stands_for_itself(byte)) {
    symbol = 0x100;
    for (int b = 0; b < byte; ++b) symbol += stands_for_itself(b) ? 0 : 1;
  }
  std::string text;
  AppendUtf8(symbol, &text);
  return text;
}

std::unique_ptr<Tokenizer> ReadByteLevelTokenizer(const nlohmann::json& file) { return std::make_unique<ByteLevelTokenizer>(file); }

}  // namespace temper
