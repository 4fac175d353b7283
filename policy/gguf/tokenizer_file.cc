#include "policy/gguf/tokenizer_file.h"

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "policy/gguf/merges.h"
#include "policy/gguf/pre_tokenizers.h"
#include "policy/gguf/vocabulary.h"
#include "policy/text/strict_json.h"
#include "policy/tokenizer/token_model.h"
#include "policy/tokenizer/tokenizer.h"

namespace temper {
namespace {

using Json = nlohmann::json;

constexpr char kModel[] = "tokenizer.ggml.model";
constexpr char kSpace[] = "\xE2\x96\x81";  // what SentencePiece writes for a space

// The token that a setting names, "" = none.
std::string TokenNamed(const GgufMetadata& metadata, const GgufVocabulary& vocabulary, const char* key) {
  const auto id = metadata.Whole(key);
  if (!id) return "";
  if (*id < 0 || *id >= static_cast<int64_t>(vocabulary.tokens().size()) || !vocabulary.IsUsed(static_cast<size_t>(*id)))
    metadata.Refuse(key, Concat(*id, " is no token"));
  return vocabulary.tokens()[static_cast<size_t>(*id)];
}

// What stands around a text: the tokens of its begin and end where the file adds them. Null = nothing.
Json PostProcessor(const GgufMetadata& metadata, const GgufVocabulary& vocabulary, bool adds_begin) {
  Json single = Json::array(), pair = Json::array(), tokens = Json::object();
  const auto add = [&](const char* flag, bool otherwise, const char* id_key) {
    if (!metadata.Truth(flag).value_or(otherwise)) return Json();
    const std::string token = TokenNamed(metadata, vocabulary, id_key);
    if (token.empty()) return Json();
    tokens[token] = {{"id", token}, {"ids", {*metadata.Whole(id_key)}}, {"tokens", {token}}};
    return Json(token);
  };
  const Json begin = add("tokenizer.ggml.add_bos_token", adds_begin, "tokenizer.ggml.bos_token_id");
  const Json end = add("tokenizer.ggml.add_eos_token", false, "tokenizer.ggml.eos_token_id");
  if (begin.is_null() && end.is_null()) return nullptr;
  for (const auto& [text, type, all] : {std::tuple{"A", 0, true}, {"B", 1, false}}) {
    Json part = Json::array();
    if (!begin.is_null()) part.push_back({{"SpecialToken", {{"id", begin}, {"type_id", type}}}});
    part.push_back({{"Sequence", {{"id", text}, {"type_id", type}}}});
    if (!end.is_null()) part.push_back({{"SpecialToken", {{"id", end}, {"type_id", type}}}});
    if (all) single = part;
    pair.insert(pair.end(), part.begin(), part.end());
  }
  return {{"type", "TemplateProcessing"}, {"single", single}, {"pair", pair}, {"special_tokens", tokens}};
}

Json Model(const GgufVocabulary& vocabulary, const std::vector<TokenPair>& merges) {
  Json list = Json::array();
  for (const auto& [left, right] : merges) list.push_back({left, right});
  return BytePairModelJson(vocabulary.VocabJson(), std::move(list));
}

Json File(const GgufVocabulary& vocabulary) {
  Json file = {{"version", "1.0"}, {"truncation", nullptr}, {"padding", nullptr}, {"normalizer", nullptr}};
  file["added_tokens"] = vocabulary.AddedTokensJson();
  return file;
}

Json ByteLevelFile(const GgufMetadata& metadata, const GgufVocabulary& vocabulary) {
  constexpr char kPre[] = "tokenizer.ggml.pre";
  const std::string name = metadata.TextAt(kPre);
  const GgufPreTokenizer* pre = FindGgufPreTokenizer(name);
  if (pre == nullptr) metadata.Refuse(kPre, Concat("'", Quoted(name), "' is not supported; known are ", GgufPreTokenizerNames()));
  Json file = File(vocabulary);
  file["normalizer"] = pre->normalizer;
  file["pre_tokenizer"] = pre->pre_tokenizer;
  file["post_processor"] = PostProcessor(metadata, vocabulary, pre->adds_begin);
  file["decoder"] = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", false}};
  file["model"] = Model(vocabulary, ListedMerges(metadata));
  file["model"]["ignore_merges"] = pre->ignore_merges;
  return file;
}

Json SentencePieceFile(const GgufMetadata& metadata, const GgufVocabulary& vocabulary) {
  const bool adds_space = metadata.Truth("tokenizer.ggml.add_space_prefix").value_or(true);
  Json file = File(vocabulary);
  file["pre_tokenizer"] = {
      {"type", "Metaspace"}, {"replacement", kSpace}, {"prepend_scheme", adds_space ? "first" : "never"}, {"split", false}};
  file["post_processor"] = PostProcessor(metadata, vocabulary, true);
  Json decoders = {
      {{"type", "Replace"}, {"pattern", {{"String", kSpace}}}, {"content", " "}}, {{"type", "ByteFallback"}}, {{"type", "Fuse"}}};
  if (adds_space) decoders.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
  file["decoder"] = {{"type", "Sequence"}, {"decoders", std::move(decoders)}};
  file["model"] = Model(vocabulary, metadata.Has("tokenizer.ggml.merges") ? ListedMerges(metadata) : MergesByScore(metadata, vocabulary));
  file["model"]["fuse_unk"] = true;
  file["model"]["byte_fallback"] = true;
  if (const std::string unknown = TokenNamed(metadata, vocabulary, "tokenizer.ggml.unknown_token_id"); !unknown.empty())
    file["model"]["unk_token"] = unknown;
  return file;
}

}  // namespace

std::string TokenizerJsonOfGguf(const GgufMetadata& metadata, int64_t vocab_size) {
  const std::string model = metadata.TextAt(kModel);
  if (model != "gpt2" && model != "llama") metadata.Refuse(kModel, Concat("'", Quoted(model), "' is not supported; known are gpt2, llama"));
  const GgufVocabulary vocabulary(metadata, vocab_size);
  const Json file = model == "gpt2" ? ByteLevelFile(metadata, vocabulary) : SentencePieceFile(metadata, vocabulary);
  std::string text = file.dump(1) + "\n";
  ParseTokenizer(text, metadata.path());  // what does not open is refused here, not by whoever reads the folder
  return text;
}

}  // namespace temper
