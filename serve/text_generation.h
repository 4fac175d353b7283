#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "policy/chat/chat_template.h"
#include "policy/model/transformer.h"
#include "policy/tokenizer/tokenizer.h"
#include "rollout/engine/generation_engine.h"

namespace temper {

// What `temper generate` was asked for; what is not given comes from the folder's generation_config.json, then from the defaults here.
struct GenerateArguments {
  std::string model;
  std::optional<std::string> prompt;  // nothing = a chat on a terminal, prompts on standard input otherwise
  bool json = false;                  // standard input holds message lists
  std::string system;
  std::optional<double> temperature;
  std::optional<int64_t> top_k;
  std::optional<double> top_p;
  std::optional<int64_t> max_new_tokens;  // nothing = kUsualNewTokens, or as many as the model's positions leave
  int64_t min_new_tokens = 0;
  int64_t num_samples = 1;
  uint64_t seed = 1;
  std::vector<std::string> stops;
  std::string dtype = "fp32";
};
inline constexpr int64_t kUsualNewTokens = 256;

// A model folder, loaded, and how to sample from it. Errors are ConfigErrors. Not thread-safe.
class TextGenerator {
 public:
  // `for_chat`: reads the chat template too, where there is one.
  TextGenerator(const GenerateArguments& arguments, bool for_chat);

  // Ids of a text to go on with, and of a chat with the beginning of an assistant's turn behind it.
  std::vector<int32_t> PromptIds(const std::string& text) const;
  std::vector<int32_t> ChatIds(const std::string& rendered) const { return tokenizer_->Encode(rendered); }
  std::string Render(const nlohmann::ordered_json& messages) const;

  // A request that fits the model's positions. The random numbers are keyed by `text`, not by its place among others.
  GenerationRequest Request(uint64_t group_id, const std::string& text, std::vector<int32_t> ids) const;
  GenerationEngine MakeEngine(int64_t prefill_tokens) const;

  // What a completion says: without the stop token, up to the stop string.
  std::string TextOf(const Trajectory& completion) const;

  const Tokenizer& tokenizer() const { return *tokenizer_; }
  const SamplingOptions& sampling() const { return sampling_; }
  bool has_template() const { return chat_template_.has_value(); }

 private:
  GenerateArguments arguments_;
  Transformer model_;
  std::unique_ptr<Tokenizer> tokenizer_;
  std::optional<ChatTemplate> chat_template_;
  SamplingOptions sampling_;
};

}  // namespace temper
