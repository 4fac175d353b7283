#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace temper {

// How texts are cut into words before byte-level merges, which a GGUF file names by one word (tokenizer.ggml.pre).
struct GgufPreTokenizer {
  nlohmann::json pre_tokenizer = {};  // as tokenizer.json has it
  nlohmann::json normalizer = {};     // null: none
  bool ignore_merges = false;         // a word that is a token stays whole
  bool adds_begin = false;            // the token of a text's begin stands before texts where the file does not say
};

// By its name in the file; null where it is not known.
const GgufPreTokenizer* FindGgufPreTokenizer(std::string_view name);

// "gpt-2, llama-bpe, ..."
std::string GgufPreTokenizerNames();

}  // namespace temper
