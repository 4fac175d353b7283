#pragma once

#include <memory>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/learned/direction_pass.h"
#include "cli/learned/prompt_files.h"

namespace temper {

inline constexpr int64_t kUsualPromptTokens = 512;

// A model folder, loaded, with what reads prompts for it. Errors are ConfigErrors.
class DirectionModel {
 public:
  // prompt_tokens: of a prompt, its first so many.
  DirectionModel(const std::string& folder, int64_t prompt_tokens);
  DirectionModel(const DirectionModel&) = delete;
  DirectionModel& operator=(const DirectionModel&) = delete;

  Transformer& transformer() { return model_; }
  const Transformer& transformer() const { return model_; }
  const Tokenizer& tokenizer() const { return *tokenizer_; }
  const PromptEnds& ends() const { return *ends_; }
  const PromptStream& stream() const { return *stream_; }

 private:
  Transformer model_;
  std::unique_ptr<Tokenizer> tokenizer_;
  std::optional<ChatTemplate> chat_;
  std::optional<PromptEnds> ends_;
  std::optional<PromptStream> stream_;
};

// A line on standard error for every hundred prompts, with the seconds since the call.
PromptProgress ProgressOf(const std::string& what);

// --harmful, --harmless, --refused, --accepted, --limit and --prompt-tokens.
void BindPromptFiles(CLI::App* command, PromptFiles* files, int64_t* prompt_tokens);

}  // namespace temper
