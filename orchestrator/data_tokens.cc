// Prompts and demonstrations as the model gets them.
#include <algorithm>
#include <tuple>

#include "cluster/error.h"
#include "orchestrator/data_store.h"
#include "policy/strict_json.h"
#include "rollout/stop_strings.h"

namespace temper {
namespace {

using nlohmann::ordered_json;

// A chat template's refusal, with the prompt's name.
template <typename Render>
auto Named(const Prompt& prompt, const Render& render) {
  try {
    return render();
  } catch (const ConfigError& error) {
    throw ConfigError(Concat("prompt ", Quoted(prompt.id), ": ", error.what()));
  }
}

// Ids of text[0, at) and of the rest: those of the whole text, where no token lies across.
std::pair<std::vector<int32_t>, std::vector<int32_t>> SplitTokens(const Tokenizer& tokenizer, std::string_view text, size_t at) {
  std::vector<int32_t> head = tokenizer.Encode(text.substr(0, at));
  const std::vector<int32_t> whole = tokenizer.Encode(text);
  if (head.size() > whole.size() || !std::equal(head.begin(), head.end(), whole.begin())) return {head, tokenizer.Encode(text.substr(at))};
  return {head, {whole.begin() + static_cast<std::ptrdiff_t>(head.size()), whole.end()}};
}

}  // namespace

ordered_json DataStore::Conversation(const Prompt& prompt) const {
  ordered_json messages = ordered_json::array();
  if (prompt.messages.empty()) {
    messages.push_back({{"role", "user"}, {"content", FillPlaceholders(prompt_template, {{"prompt", prompt.text}})}});
  } else {
    messages = ordered_json::parse(prompt.messages);
  }
  const bool has_system = std::any_of(messages.begin(), messages.end(), [](const auto& m) { return m["role"] == "system"; });
  if (!has_system && !system_prompt.empty())
    messages.insert(messages.begin(), ordered_json({{"role", "system"}, {"content", system_prompt}}));
  return messages;
}

std::vector<int32_t> DataStore::PromptTokens(const Prompt& prompt) const {
  if (chat_template) {
    ChatOptions options;
    options.add_generation_prompt = true;
    return tokenizer->Encode(Named(prompt, [&] { return chat_template->Render(Conversation(prompt), options).text; }));
  }
  if (!prompt.messages.empty()) {
    throw ConfigError(Concat("prompt ", Quoted(prompt.id),
                             ": a list of messages needs a chat template: a policy.path with one, and data.chat_template: auto"));
  }
  return EncodePrompt(*tokenizer, FillPlaceholders(prompt_template, {{"prompt", prompt.text}}), model.bos_id);
}

SftExample DataStore::Example(const Demonstration& demonstration) const {
  SftExample example;
  std::vector<int32_t> answer;
  if (chat_template) {
    ordered_json messages = Conversation(demonstration.prompt);
    messages.push_back({{"role", "assistant"}, {"content", demonstration.response}});
    const AssistantChat chat = Named(demonstration.prompt, [&] { return RenderWithAssistant(*chat_template, messages); });
    if (chat.assistant.empty()) throw ConfigError(Concat(chat_template->name(), ": the template leaves the assistant's last message out"));
    const auto [begin, end] = chat.assistant.back();
    std::tie(example.tokens, answer) = SplitTokens(*tokenizer, std::string_view(chat.text).substr(0, end), begin);
  } else {
    example.tokens = PromptTokens(demonstration.prompt);
    answer = tokenizer->Encode(demonstration.response);
  }
  // A template may put text behind the token that ends a turn, or no such token.
  const auto stop = std::find_first_of(answer.begin(), answer.end(), model.eos_ids.begin(), model.eos_ids.end());
  const int32_t last = stop == answer.end() ? static_cast<int32_t>(model.eos_ids.front()) : *stop;
  answer.erase(stop, answer.end());
  answer.push_back(last);
  example.prompt_length = static_cast<int64_t>(example.tokens.size());
  example.tokens.insert(example.tokens.end(), answer.begin(), answer.end());
  return example;
}

SamplingOptions DataStore::Sampling(SamplingOptions wanted) const {
  wanted.stop_ids = model.eos_ids;
  ResolveStops(*tokenizer, &wanted);
  return wanted;
}

}  // namespace temper
