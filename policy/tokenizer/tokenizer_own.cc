// The tokenizers that Temper makes itself.
#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "policy/tokenizer/byte_level.h"
#include "policy/tokenizer/token_model.h"
#include "policy/tokenizer/tokenizer.h"

namespace temper {
namespace {

nlohmann::json SpecialToken(const std::string& content, int id) {
  return {{"id", id},        {"content", content},  {"single_word", false}, {"lstrip", false},
          {"rstrip", false}, {"normalized", false}, {"special", true}};
}

// The parts that both of our own files share; <pad> 0, <bos> 1, <eos> 2, <unk> 3.
const std::vector<std::string>& OwnSpecials() {
  static const std::vector<std::string> specials = {"<pad>", "<bos>", "<eos>", "<unk>"};
  return specials;
}

// <bos> before a text, and before each of two.
nlohmann::json OwnPostProcessor() {
  const auto special = [](int type) { return nlohmann::json{{"SpecialToken", {{"id", "<bos>"}, {"type_id", type}}}}; };
  const auto text = [](const char* id, int type) { return nlohmann::json{{"Sequence", {{"id", id}, {"type_id", type}}}}; };
  return {{"type", "TemplateProcessing"},
          {"single", {special(0), text("A", 0)}},
          {"pair", {special(0), text("A", 0), special(1), text("B", 1)}},
          {"special_tokens", {{"<bos>", {{"id", "<bos>"}, {"ids", {1}}, {"tokens", {"<bos>"}}}}}}};
}

nlohmann::json OwnFile() {
  nlohmann::json file = {{"version", "1.0"}, {"truncation", nullptr}, {"padding", nullptr}, {"normalizer", nullptr}};
  file["post_processor"] = OwnPostProcessor();
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
  file["model"] = BytePairModelJson(OwnVocabulary(bytes), nlohmann::json::array());
  return file.dump(1) + "\n";
}

}  // namespace temper
