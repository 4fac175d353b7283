#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace temper {

// Text <-> token ids, read from a Hugging Face tokenizer.json. Immutable after loading, safe to share between threads.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;
  // Ids of `text`, without bos or eos. Special tokens spelled in the text are recognised as in `tokenizers`.
  virtual std::vector<int32_t> Encode(std::string_view text) const = 0;
  // Special tokens are left out.
  virtual std::string Decode(std::span<const int32_t> ids) const = 0;
  virtual int64_t vocab_size() const = 0;
  // Id of a token's exact spelling, -1 when there is none.
  virtual int32_t IdOf(std::string_view token) const = 0;
};

// Reads tokenizer.json (64 MiB at most). Supported now: WordLevel with WhitespaceSplit or Whitespace, and byte-level BPE.
// Anything else is a ConfigError naming the component.
std::unique_ptr<Tokenizer> ParseTokenizer(const std::string& tokenizer_json);
std::unique_ptr<Tokenizer> LoadTokenizer(const std::string& folder);  // folder/tokenizer.json

// tokenizer.json texts that `tokenizers` opens. Word-level: `words` after the special tokens <pad> 0, <bos> 1, <eos> 2, <unk> 3;
// split on whitespace, joined with one space. Byte-level: the 256 bytes after the same specials, no merges.
std::string WordLevelTokenizerJson(const std::vector<std::string>& words);
std::string ByteLevelTokenizerJson();

}  // namespace temper
