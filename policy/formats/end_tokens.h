#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "policy/model/transformer_config.h"
#include "policy/tokenizer/tokenizer.h"

namespace temper {

// What ends a text by the files of a Hugging Face folder. Three of them name tokens: tokenizer_config.json (eos_token),
// generation_config.json and config.json (eos_token_id). Each that one names counts: a fine-tune for chat often changes one file and
// leaves the others as the base had them. What config.json means by its silence counts only where no file names a token.
struct EndTokens {
  std::vector<int64_t> ids;  // the tokenizer's first, then generation_config.json's, then config.json's; each once
  // What the files name, where transformers' generate would stop at fewer tokens than these; "" otherwise.
  std::string disagreement;
};

// `config` is what config.json was read into. Without a tokenizer (null) its file is left out. ConfigError naming the file.
EndTokens FindEndTokens(const std::string& folder, const TransformerConfig& config, const Tokenizer* tokenizer);

}  // namespace temper
