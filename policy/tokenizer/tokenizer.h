#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace temper {

// Text <-> token ids, read from a Hugging Face tokenizer.json; the same ids and texts as the `tokenizers` library gives. Immutable after
// loading, safe to share between threads.
class Tokenizer {
 public:
  // Reads tokenizer.json (64 MiB at most). Supported: models BPE and WordLevel, and the components that policy/tokenizer/normalizer.h,
  // pre_tokenizer.h, post_processor.h and token_decoder.h name. Anything else is a ConfigError naming the component. `truncation` and
  // `padding`, which a fine-tune in batches leaves behind, are left aside, as AutoTokenizer does unless a call asks for them.
  explicit Tokenizer(const std::string& tokenizer_json);
  ~Tokenizer();
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;

  // Ids of `text`, without the special tokens that the file's post-processor puts around it (bos, eos) or with them. The post-processor
  // alone says what stands around a text, as for transformers' AutoTokenizer: a bos token that a config names is of no matter. Special
  // tokens spelled in the text are recognised as in the library. What is not valid UTF-8 is encoded as U+FFFD, one for each ill-formed
  // part, as Python's bytes.decode(errors="replace") would hand it to the library.
  std::vector<int32_t> Encode(std::string_view text, bool add_specials = false) const;

  // Text of `ids`, special tokens left out or kept. Ids that the vocabulary lacks are left out. Always valid UTF-8.
  std::string Decode(std::span<const int32_t> ids, bool skip_specials = true) const;

  // One above the highest id.
  int64_t vocab_size() const;
  // Id of a token's exact spelling, -1 when there is none.
  int32_t IdOf(std::string_view token) const;

 private:
  friend class StreamDecoder;
  struct Parts;
  std::unique_ptr<const Parts> parts_;
};

// Decodes ids as they come. What it gives is final: whole characters only, and all of it together is Tokenizer::Decode of all ids. For one
// thread; the tokenizer must outlive it.
class StreamDecoder {
 public:
  explicit StreamDecoder(const Tokenizer& tokenizer, bool skip_specials = true);
  ~StreamDecoder();

  // The text that became final with this id; often empty, while a character is incomplete or may yet change.
  std::string Push(int32_t id);
  // What is left. Push must not be called any more.
  std::string Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// `folder` is where the text came from, for errors.
std::unique_ptr<Tokenizer> ParseTokenizer(const std::string& tokenizer_json, const std::string& folder = "");
std::unique_ptr<Tokenizer> LoadTokenizer(const std::string& folder);  // folder/tokenizer.json

// tokenizer.json texts that `tokenizers` opens; their post-processor puts <bos> before a text. Word-level: `words` after the special tokens
// <pad> 0, <bos> 1, <eos> 2, <unk> 3; split on whitespace, joined with one space. Byte-level: the 256 bytes after the same specials, no
// merges.
std::string WordLevelTokenizerJson(const std::vector<std::string>& words);
std::string ByteLevelTokenizerJson();

}  // namespace temper
