#include "policy/tokenizer/tokenizer.h"

#include <deque>
#include <filesystem>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/utf8.h"
#include "policy/text/strict_json.h"
#include "policy/tokenizer/normalizer.h"
#include "policy/tokenizer/post_processor.h"
#include "policy/tokenizer/pre_tokenizer.h"
#include "policy/tokenizer/token_decoder.h"
#include "policy/tokenizer/token_model.h"
#include "policy/tokenizer/token_table.h"
#include "policy/tokenizer/tokenizer_json.h"
#include "policy/tokenizer/word_cache.h"

namespace temper {
namespace {

constexpr size_t kMaxFileBytes = size_t{64} << 20;
constexpr size_t kMaxTextBytes = size_t{1} << 30;
constexpr int kMaxDepth = 32;

nlohmann::json ParseFile(const std::string& text) {
  if (text.size() > kMaxFileBytes) {
    throw ConfigError(Concat("tokenizer.json: ", text.size(), " bytes; at most ", kMaxFileBytes, " are read"));
  }
  std::string error;
  auto file = ParseStrictJson(text, kMaxDepth, &error);
  if (!file) throw ConfigError("tokenizer.json: " + error);
  if (!file->is_object()) throw ConfigError("tokenizer.json: not a JSON object");
  return *std::move(file);
}

nlohmann::json Component(const nlohmann::json& file, const char* key) {
  return IsNullOrAbsent(file, key) ? nlohmann::json() : file.at(key);
}

}  // namespace

struct Tokenizer::Parts {
  Normalizer normalizer;
  TokenTable table;
  PreTokenizer pre_tokenizer;
  std::unique_ptr<TokenModel> model;
  PostProcessor post_processor;
  TokenDecoder decoder;
  mutable WordCachePool caches;

  explicit Parts(const nlohmann::json& file)
      : normalizer(Component(file, "normalizer")),
        table(file, normalizer),
        pre_tokenizer(Component(file, "pre_tokenizer")),
        model(ReadTokenModel(file.at("model"), table, pre_tokenizer.spells_bytes())),
        post_processor(Component(file, "post_processor"), table),
        decoder(Component(file, "decoder")) {}

  // A text between added tokens, not normalized yet; `at_start`: nothing comes before it.
  void EncodePlain(std::string_view text, bool at_start, WordCache* cache, std::vector<int32_t>* ids) const {
    NormalizedText normalized;
    if (!normalizer.empty()) {
      normalized = normalizer.Apply(std::string(text));
      text = normalized.text;
    }
    std::deque<std::string> storage;
    for (const TextPiece& piece : table.added().SplitNormalized(text)) {
      if (piece.id >= 0) {
        ids->push_back(piece.id);
        continue;
      }
      const bool first = at_start && normalized.keeps_start && piece.text.data() == text.data();
      for (const PreToken& word : pre_tokenizer.Split({piece.text, first}, &storage)) model->Encode(word.text, cache, ids);
    }
  }
};

Tokenizer::Tokenizer(const std::string& tokenizer_json) : parts_(std::make_unique<const Parts>(ParseFile(tokenizer_json))) {}

Tokenizer::~Tokenizer() = default;

std::vector<int32_t> Tokenizer::Encode(std::string_view text, bool add_specials) const {
  if (text.size() > kMaxTextBytes) throw ConfigError(Concat("a text of ", text.size(), " bytes; at most ", kMaxTextBytes, " are encoded"));
  std::string repaired;
  if (InvalidUtf8At(text)) {
    repaired = RepairUtf8(text);
    text = repaired;
  }
  std::vector<int32_t> ids;
  ids.reserve(text.size() / 3);
  auto cache = parts_->caches.Take();
  for (const TextPiece& piece : parts_->table.added().SplitRaw(text)) {
    if (piece.id >= 0) {
      ids.push_back(piece.id);
    } else {
      parts_->EncodePlain(piece.text, piece.text.data() == text.data(), cache.get(), &ids);
    }
  }
  parts_->caches.Return(std::move(cache));
  return parts_->post_processor.Apply(std::move(ids), add_specials);
}

std::string Tokenizer::Decode(std::span<const int32_t> ids, bool skip_specials) const {
  StreamDecoder decoder(*this, skip_specials);
  std::string text;
  for (const int32_t id : ids) text += decoder.Push(id);
  return text + decoder.Finish();
}

int64_t Tokenizer::vocab_size() const { return parts_->table.size(); }
int32_t Tokenizer::IdOf(std::string_view token) const { return parts_->table.IdOf(token); }

struct StreamDecoder::State {
  const TokenTable& table;
  bool skip_specials;
  std::string text;  // final, not given yet
  std::unique_ptr<DecodeStage> stage;
};

StreamDecoder::StreamDecoder(const Tokenizer& tokenizer, bool skip_specials)
    : state_(new State{tokenizer.parts_->table, skip_specials, "", nullptr}) {
  state_->stage = tokenizer.parts_->decoder.Start(&state_->text);
}

StreamDecoder::~StreamDecoder() = default;

std::string StreamDecoder::Push(int32_t id) {
  const bool skipped = !state_->table.Has(id) || (state_->skip_specials && state_->table.IsSpecial(id));
  if (!skipped) state_->stage->Put(state_->table.SpellingOf(id));
  return std::exchange(state_->text, {});
}

std::string StreamDecoder::Finish() {
  state_->stage->Finish();
  return std::exchange(state_->text, {});
}

std::unique_ptr<Tokenizer> ParseTokenizer(const std::string& tokenizer_json, const std::string& folder) {
  try {
    return std::make_unique<Tokenizer>(tokenizer_json);
  } catch (const ConfigError& error) {
    throw ConfigError(Concat(folder, folder.empty() ? "" : ": ", error.what()));
  }
}

std::unique_ptr<Tokenizer> LoadTokenizer(const std::string& folder) {
  const std::filesystem::path path = std::filesystem::path(folder) / "tokenizer.json";
  return ParseTokenizer(ReadUserFile(path, {.hint = "a model folder needs a tokenizer.json", .max_bytes = kMaxFileBytes}), folder);
}

}  // namespace temper
