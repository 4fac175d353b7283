#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace temper {

// One run of a decoder: takes tokens in order and gives text as soon as no later token can change it. For one thread.
class DecodeStage {
 public:
  virtual ~DecodeStage() = default;
  // A token or, behind a stage that fuses all tokens into one, the next part of it; always valid UTF-8.
  virtual void Put(std::string_view token) = 0;
  // No more tokens come.
  virtual void Finish() = 0;
};

// The `decoder` of tokenizer.json: null (tokens joined by spaces), ByteLevel, ByteFallback, Fuse, Replace, Strip, Metaspace or a Sequence
// of them; anything else is a ConfigError naming it. Immutable, safe to share between threads.
class TokenDecoder {
 public:
  explicit TokenDecoder(const nlohmann::json& component);
  ~TokenDecoder();

  // The first stage of a run that appends to *text; it must not outlive this decoder.
  std::unique_ptr<DecodeStage> Start(std::string* text) const;

  // A stage's parameters. `next` is the stage that takes what this one gives. `fused`: all tokens have become one.
  struct Step {
    bool fused = false;
    virtual ~Step() = default;
    virtual std::unique_ptr<DecodeStage> Start(std::unique_ptr<DecodeStage> next) const = 0;
  };

 private:
  std::vector<std::unique_ptr<Step>> steps_;
};

}  // namespace temper
