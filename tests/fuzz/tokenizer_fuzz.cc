// libFuzzer target of tokenizer.json: an input is such a file and, behind a zero byte, a text. Every file is refused with a ConfigError or
// encodes the text; the ids are the vocabulary's and decode to valid UTF-8, the same id by id and at once.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "cluster/base/error.h"
#include "cluster/base/utf8.h"
#include "policy/tokenizer/tokenizer.h"

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

void EncodeAndDecode(const temper::Tokenizer& tokenizer, const std::string& text) {
  for (const bool specials : {false, true}) {
    const auto ids = tokenizer.Encode(text, specials);
    for (const int32_t id : ids) Require(id >= 0 && id < tokenizer.vocab_size());
    temper::StreamDecoder decoder(tokenizer, specials);
    std::string streamed;
    for (const int32_t id : ids) {
      streamed += decoder.Push(id);
      Require(!temper::InvalidUtf8At(streamed));
    }
    streamed += decoder.Finish();
    Require(streamed == tokenizer.Decode(ids, specials) && !temper::InvalidUtf8At(streamed));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const size_t end = input.find('\0');
  try {
    const auto tokenizer = temper::ParseTokenizer(input.substr(0, end));
    EncodeAndDecode(*tokenizer, end == std::string::npos ? "the 12 \xC3\xA9<s>" : input.substr(end + 1));
  } catch (const temper::ConfigError&) {
  }
  return 0;
}
