#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policy/chat/chat_template.h"
#include "policy/tokenizer/tokenizer.h"

namespace temper {

// A prompt as the model reads it, and the two places where its hidden states are looked at.
struct EndedPrompt {
  std::vector<int32_t> tokens;
  int64_t inst = 0;  // t_inst: the last token that holds a part of the instruction
  int64_t post = 0;  // t_post: the last token of all, behind which the answer begins
};

// Finds both places for any chat template. What stands behind every instruction is what two rendered texts with different instructions
// end with. The tokens behind t_inst are the longest tail whose text lies within that. Without a template the model reads the prompt and a
// line break. Immutable; tokenizer and template are borrowed.
class PromptEnds {
 public:
  // chat: null = there is no template. max_prompt_tokens: of the instruction, its first so many are read.
  PromptEnds(const Tokenizer& tokenizer, const ChatTemplate* chat, int64_t max_prompt_tokens);

  // Throws ConfigError where the tokenizer gives no token at all.
  EndedPrompt Read(std::string_view prompt) const;
  const std::string& suffix() const { return suffix_; }  // the text behind every instruction

 private:
  std::string Render(const std::string& prompt) const;

  const Tokenizer& tokenizer_;
  const ChatTemplate* chat_;
  int64_t max_prompt_tokens_;
  std::string suffix_;
};

}  // namespace temper
