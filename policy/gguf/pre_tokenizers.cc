#include "policy/gguf/pre_tokenizers.h"

#include <map>
#include <vector>

namespace temper {
namespace {

using Json = nlohmann::json;

// The expressions of the models' own tokenizer.json.
constexpr char kLlama3Words[] =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr char kQwen2Words[] =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr char kTekkenWords[] = R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)"
                                R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*)"
                                R"(|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

Json ByteLevel(bool use_regex) {
  return {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", use_regex}};
}

Json Sequence(Json first, Json second) { return {{"type", "Sequence"}, {"pretokenizers", {std::move(first), std::move(second)}}}; }

Json Words(const char* regex) {
  return Sequence({{"type", "Split"}, {"pattern", {{"Regex", regex}}}, {"behavior", "Isolated"}, {"invert", false}}, ByteLevel(false));
}

using Table = std::map<std::string, GgufPreTokenizer, std::less<>>;

Table MakeTable() {
  const GgufPreTokenizer gpt2{.pre_tokenizer = ByteLevel(true)};
  const GgufPreTokenizer digits{.pre_tokenizer = Sequence({{"type", "Digits"}, {"individual_digits", true}}, ByteLevel(true))};
  const GgufPreTokenizer qwen2{.pre_tokenizer = Words(kQwen2Words), .normalizer = {{"type", "NFC"}}};
  const GgufPreTokenizer llama3{.pre_tokenizer = Words(kLlama3Words), .ignore_merges = true, .adds_begin = true};
  return {
      {"gpt-2", gpt2},
      {"smollm", digits},
      {"starcoder", digits},
      {"refact", digits},
      {"qwen2", qwen2},
      {"deepseek-r1-qwen", qwen2},
      {"llama-bpe", llama3},
      {"llama3", llama3},
      {"llama-v3", llama3},
      {"falcon3", llama3},
      {"smaug-bpe", {.pre_tokenizer = Words(kLlama3Words)}},
      {"tekken", {.pre_tokenizer = Words(kTekkenWords), .ignore_merges = true, .adds_begin = true}},
  };
}

const Table& All() {
  static const Table kAll = MakeTable();
  return kAll;
}

}  // namespace

const GgufPreTokenizer* FindGgufPreTokenizer(std::string_view name) {
  const auto found = All().find(name);
  return found == All().end() ? nullptr : &found->second;
}

std::string GgufPreTokenizerNames() {
  std::string names;
  for (const auto& [name, pre] : All()) names += (names.empty() ? "" : ", ") + name;
  return names;
}

}  // namespace temper
