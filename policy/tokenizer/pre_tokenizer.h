#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace temper {

// A part of a text on its way through a pre-tokenizer.
struct PreToken {
  std::string_view text;
  bool at_start = false;  // it starts where the whole text starts
};

// The `pre_tokenizer` of tokenizer.json, which cuts a text into the words that the model then
// encodes one by one. It is null, Sequence, Split, ByteLevel, Digits, Metaspace, Whitespace or
// WhitespaceSplit; anything else is a ConfigError naming it. Immutable, safe to share between
// threads.
class PreTokenizer {
 public:
  explicit PreTokenizer(const nlohmann::json& component);
  ~PreTokenizer();

  // The words of `text`, which must be valid UTF-8. They are views into it and into *storage.
  std::vector<PreToken> Split(PreToken text, std::deque<std::string>* storage) const;

  // The last step spells bytes (policy/tokenizer/byte_level.h); Split leaves that to the model, and its words are plain bytes.
  bool spells_bytes() const { return spells_bytes_; }

  struct Step {
    virtual ~Step() = default;
    virtual void Apply(PreToken token, std::deque<std::string>* storage, std::vector<PreToken>* out) const = 0;
  };

 private:
  void AddByteLevel(const nlohmann::json& component, bool last);

  std::vector<std::unique_ptr<Step>> steps_;
  bool spells_bytes_ = false;
};

}  // namespace temper
