#include "cli/learned/direction_model.h"

#include <iostream>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "policy/chat/chat_template.h"
#include "policy/formats/hf_checkpoint.h"

namespace temper {

DirectionModel::DirectionModel(const std::string& folder, int64_t prompt_tokens)
    : model_(LoadHfModel(folder)), tokenizer_(LoadTokenizer(folder)) {
  if (HasChatTemplate(folder)) chat_.emplace(LoadChatTemplate(folder));
  ends_.emplace(*tokenizer_, chat_ ? &*chat_ : nullptr, prompt_tokens);
  stream_.emplace(model_, *ends_);
}

PromptProgress ProgressOf(const std::string& what) {
  return [what, watch = Stopwatch()](size_t done, size_t all) {
    std::cerr << what << ": " << done << " of " << all << " prompts, " << static_cast<int>(watch.Seconds()) << " s\n";
  };
}

void BindPromptFiles(CLI::App* command, PromptFiles* files, int64_t* prompt_tokens) {
  const auto add = [&](const char* name, std::vector<std::string>* to, const char* help) {
    return command->add_option(name, *to, help)->allow_extra_args(false);
  };
  add("--harmful", &files->harmful, "prompts that are harmful, as FILE[:COLUMN[:KEY=VALUE]]; may be given again")->required();
  add("--harmless", &files->harmless, "prompts that are not; may be given again")->required();
  add("--refused", &files->refused,
      "prompts that this model refuses, for the refusal direction (default: the harmful ones); may be given again");
  add("--accepted", &files->accepted, "prompts that it answers (default: the harmless ones); may be given again");
  command->add_option("--limit", files->limit, "of each file so many prompts, chosen by their hash (default 0: all)")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--prompt-tokens", *prompt_tokens, "of a prompt, its first so many (default 512)")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 20));
}

}  // namespace temper
