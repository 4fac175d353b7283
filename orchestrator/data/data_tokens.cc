// Prompts and demonstrations as the model gets them.
#include <algorithm>
#include <tuple>

#include "cluster/base/error.h"
#include "orchestrator/data/data_store.h"
#include "policy/text/strict_json.h"
#include "rollout/engine/stop_strings.h"

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

// A conversation in tokens: the loss is on the assistant's turns from the `first`-th on, each up to the stop token that ends it.
// *last_turn: the last one's first token.
SftExample ChatExample(const Tokenizer& tokenizer, const AssistantChat& chat, size_t first, const std::vector<int64_t>& stops,
                       size_t* last_turn) {
  struct Piece {
    std::vector<int32_t> tokens;
    bool learned;
  };
  std::vector<Piece> pieces;  // from the last one back
  std::vector<int32_t> head;
  const std::string_view text = chat.text;
  for (size_t i = chat.assistant.size(); i-- > first;) {
    const auto [begin, end] = chat.assistant[i];
    pieces.push_back({{}, true});
    std::tie(head, pieces.back().tokens) = SplitTokens(tokenizer, text.substr(0, end), begin);
    if (i == first) break;
    pieces.push_back({{}, false});
    std::tie(head, pieces.back().tokens) = SplitTokens(tokenizer, text.substr(0, begin), chat.assistant[i - 1].end);
  }
  SftExample example{.tokens = std::move(head)};
  example.prompt_length = std::ssize(example.tokens);
  for (auto piece = pieces.rbegin(); piece != pieces.rend(); ++piece) {
    const std::vector<int32_t>& tokens = piece->tokens;
    const auto stop = std::find_first_of(tokens.begin(), tokens.end(), stops.begin(), stops.end());
    const auto count = static_cast<size_t>(stop - tokens.begin()) + (stop == tokens.end() ? 0 : 1);
    *last_turn = example.tokens.size();
    example.tokens.insert(example.tokens.end(), tokens.begin(), tokens.end());
    for (size_t k = 0; k < tokens.size(); ++k) example.learned.push_back(piece->learned && k < count ? 1 : 0);
  }
  return example;
}

// Makes the example end with a stop token: the template may put text behind the last one, or write none.
void EndWithStop(const std::vector<int64_t>& stops, size_t last_turn, SftExample* example) {
  const auto begin = example->tokens.begin() + static_cast<std::ptrdiff_t>(last_turn);
  const auto stop = std::find_first_of(begin, example->tokens.end(), stops.begin(), stops.end());
  const auto last = stop == example->tokens.end() ? static_cast<int32_t>(stops.front()) : *stop;
  example->tokens.erase(stop, example->tokens.end());
  example->tokens.push_back(last);
  if (example->learned.empty()) return;
  example->learned.resize(example->tokens.size() - static_cast<size_t>(example->prompt_length), 1);
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
  return tokenizer->Encode(FillPlaceholders(prompt_template, {{"prompt", prompt.text}}), /*add_specials=*/true);
}

SftExample DataStore::Example(const Demonstration& demonstration, int64_t* answer_begin) const {
  SftExample example;
  size_t last_turn = 0;  // the answer's first token
  if (chat_template) {
    ordered_json messages = Conversation(demonstration.prompt);
    messages.push_back({{"role", "assistant"}, {"content", demonstration.response}});
    const AssistantChat chat = Named(demonstration.prompt, [&] { return RenderWithAssistant(*chat_template, messages); });
    if (chat.assistant.empty()) throw ConfigError(Concat(chat_template->name(), ": the template leaves the assistant's last message out"));
    example = ChatExample(*tokenizer, chat, learn_all_turns ? 0 : chat.assistant.size() - 1, model.eos_ids, &last_turn);
  } else {
    example.tokens = PromptTokens(demonstration.prompt);
    example.prompt_length = std::ssize(example.tokens);
    last_turn = example.tokens.size();
    const std::vector<int32_t> answer = tokenizer->Encode(demonstration.response);
    example.tokens.insert(example.tokens.end(), answer.begin(), answer.end());
  }
  if (!demonstration.mode.empty() && mode_tokens.any()) {
    if (const int64_t mark = mode_tokens.MarkOf(demonstration.mode, demonstration.category); mark >= 0) {
      example.tokens.insert(example.tokens.begin() + static_cast<std::ptrdiff_t>(last_turn), static_cast<int32_t>(mark));
      if (!example.learned.empty())
        example.learned.insert(
            example.learned.begin() + static_cast<std::ptrdiff_t>(last_turn) - static_cast<std::ptrdiff_t>(example.prompt_length), 1);
    }
  }
  EndWithStop(model.eos_ids, last_turn, &example);
  if (answer_begin != nullptr) *answer_begin = static_cast<int64_t>(last_turn);
  return example;
}

SamplingOptions DataStore::Sampling(SamplingOptions wanted, const std::string& category) const {
  wanted.gate = mode_tokens.GateOf(category);
  wanted.stop_ids = model.eos_ids;
  ResolveStops(*tokenizer, &wanted);
  return wanted;
}

}  // namespace temper
