#pragma once

#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace temper {

// A text on its way through a normalizer.
struct NormalizedText {
  std::string text;
  // The first character comes from, or was put before, the original's first one. Metaspace's prepend_scheme "first" asks.
  bool keeps_start = true;
};

// The `normalizer` of tokenizer.json: null, NFC, NFD, NFKC, NFKD, Sequence, Prepend, Replace, Strip or Lowercase; anything else is a
// ConfigError naming it. Immutable, safe to share between threads.
// The normal forms are those of Unicode 9, as in the `tokenizers` library: younger characters stay as they are.
class Normalizer {
 public:
  explicit Normalizer(const nlohmann::json& component);
  ~Normalizer();

  bool empty() const { return steps_.empty(); }
  NormalizedText Apply(std::string text) const;  // `text` must be valid UTF-8

  struct Step {
    virtual ~Step() = default;
    virtual void Apply(NormalizedText* text) const = 0;
  };

 private:
  std::vector<std::unique_ptr<Step>> steps_;
};

}  // namespace temper
