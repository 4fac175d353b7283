#pragma once

#include <cstdint>
#include <string>

#include "policy/gguf/metadata.h"

namespace temper {

// The tokenizer.json that a file's settings (tokenizer.ggml.*) describe: byte-level BPE ("gpt2") or SentencePiece's BPE ("llama"), whose
// merges follow from the scores where the file has none. Tokens that are marked as control tokens are special; those that fill the
// vocabulary up are left out. ConfigError where the settings are missing, damaged or of another kind, or where no tokenizer comes of them.
// A model of `vocab_size` embeddings has it.
std::string TokenizerJsonOfGguf(const GgufMetadata& metadata, int64_t vocab_size);

}  // namespace temper
