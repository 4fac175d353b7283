#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "policy/chat/chat_template.h"
#include "policy/directions/steering.h"
#include "policy/model/transformer.h"
#include "policy/tokenizer/tokenizer.h"
#include "rollout/engine/generation_engine.h"

namespace temper {

// What `temper generate` was asked for; what is not given comes from the folder's generation_config.json, then from the defaults here.
struct GenerateArguments {
  std::string model;
  std::optional<std::string> prompt;  // nothing = a chat on a terminal, prompts on standard input otherwise
  bool json = false;                  // standard input holds message lists
  bool raw = false;                   // texts are continued as they are, whatever chat template the folder has
  std::string system;
  std::optional<double> temperature;
  std::optional<int64_t> top_k;
  std::optional<double> top_p;
  std::optional<int64_t> max_new_tokens;  // nothing = kUsualNewTokens, or as many as the model's positions leave
  int64_t min_new_tokens = 0;
  int64_t num_samples = 1;
  uint64_t seed = 1;
  std::vector<std::string> stops;
  std::vector<std::string> mode_tokens;  // names of the tokens that an answer begins with (policy.mode_tokens); empty = no gate
  std::vector<std::string> thresholds;   // NAME=T, of rollout.first_token_gate
  std::vector<std::string> biases;       // NAME=B, the same
  std::string dtype = "fp32";
  EditRequest edit = {};  // directions that are added to the residual stream, or projected out of it
};
inline constexpr int64_t kUsualNewTokens = 256;

// A model folder, loaded, and how to sample from it. Errors are ConfigErrors. Not thread-safe.
class TextGenerator {
 public:
  explicit TextGenerator(const GenerateArguments& arguments);

  // A chat with the beginning of an assistant's turn behind it; only with a template.
  std::string Render(const nlohmann::ordered_json& messages) const;

  // Requests that fit the model's positions. The random numbers are keyed by what the model reads, not by its place among others.
  GenerationRequest ChatRequest(uint64_t group_id, const std::string& rendered) const;
  GenerationRequest TextRequest(uint64_t group_id, const std::string& text) const;
  // A prompt as training reads it: with a template a user's message, after the system prompt where one is set; else a text.
  GenerationRequest PromptRequest(uint64_t group_id, const std::string& prompt) const;
  GenerationEngine MakeEngine(int64_t prefill_tokens) const;

  // What a completion says: without the stop token, up to the stop string.
  std::string TextOf(const Trajectory& completion) const;

  const Tokenizer& tokenizer() const { return *tokenizer_; }
  const SamplingOptions& sampling() const { return sampling_; }
  // The folder has a chat template, and --raw does not leave it out.
  bool has_template() const { return chat_template_.has_value(); }

 private:
  GenerationRequest Request(uint64_t group_id, const std::string& text, std::vector<int32_t> ids) const;

  GenerateArguments arguments_;
  Transformer model_;
  std::unique_ptr<Tokenizer> tokenizer_;
  std::optional<ChatTemplate> chat_template_;
  SamplingOptions sampling_;
};

}  // namespace temper
