#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "policy/jinja/template.h"

namespace temper {

// What a template sees beside the messages.
struct ChatOptions {
  bool add_generation_prompt = false;  // end with what begins an assistant's turn
  nlohmann::ordered_json tools;        // a list of JSON schemas; null: none
  nlohmann::ordered_json documents;    // a list of {title, text}; null: none
  // More variables by name, such as enable_thinking; they go before the special tokens of the same name.
  nlohmann::ordered_json variables = nlohmann::ordered_json::object();
  // transformers' apply_chat_template drops the keys of a message that are null, and fills reasoning_content and thinking from each other
  // and from reasoning. true: messages go to the template as they are.
  bool messages_as_given = false;
  int64_t now = 0;  // the time strftime_now tells, in seconds since 1970; 0: the clock's
  jinja::Limits limits;
};

// A part of a text: bytes [begin, end).
struct ChatSpan {
  size_t begin = 0;
  size_t end = 0;
  bool operator==(const ChatSpan&) const = default;
};

struct RenderedChat {
  std::string text;
  std::vector<ChatSpan> generated;  // of each {% generation %} block, in the order of the text
  // The text of a generation block went through a macro, a set or a filter, and so `generated` misses it.
  bool generated_elsewhere = false;
};

struct AssistantChat {
  std::string text;
  std::vector<ChatSpan> assistant;  // what the assistant said: the tokens a loss is for
};

// A chat template: the Jinja of jinja2 3.1.6 as transformers 5 sets it up, exact in what it
// supports. That is trim_blocks, lstrip_blocks, loop controls, generation blocks, an immutable
// sandbox and tojson without escapes. What it does not support is an error that names it. Not
// supported: recursive loops, call, block, include, extends, import, autoescape and print tags, and
// the rarer filters and methods. Immutable after it was parsed, safe to share between threads.
// Errors are jinja::TemplateErrors, which are ConfigErrors. A template cannot hang, crash or use up
// the memory: see jinja::Limits.
class ChatTemplate {
 public:
  // `name` stands in errors; `special_tokens` are variables, such as bos_token.
  ChatTemplate(const std::string& name, std::string_view text, std::map<std::string, std::string> special_tokens = {});
  ChatTemplate(ChatTemplate&&) noexcept;
  ~ChatTemplate();

  // `messages`: a list of objects.
  RenderedChat Render(const nlohmann::ordered_json& messages, const ChatOptions& options = {}) const;
  bool has_generation_blocks() const { return parsed_->has_generation; }
  const std::string& name() const { return name_; }

 private:
  std::string name_;
  std::map<std::string, std::string> special_tokens_;
  std::unique_ptr<const jinja::Template> parsed_;
};

// The text with the assistant's part in it. Where the template has no generation blocks, an
// assistant's turn is what its message adds. It begins where the messages before it end with a
// generation prompt, and ends where the text with it ends. ConfigError where the template is not
// stable, that is where a text that a turn was cut from does not begin the whole one.
AssistantChat RenderWithAssistant(const ChatTemplate& chat_template, const nlohmann::ordered_json& messages,
                                  const ChatOptions& options = {});

// Reads chat_template.jinja and additional_chat_templates/NAME.jinja, or else the key chat_template of tokenizer_config.json (a text, or a
// list of {name, template}), with the special tokens of tokenizer_config.json and special_tokens_map.json. `name` "" is the template
// `default`, or `tool_use` where there is one and `with_tools` holds, as in transformers. ConfigError where there is none.
ChatTemplate LoadChatTemplate(const std::string& folder, const std::string& name = "", bool with_tools = false);

// Whether a folder has any chat template, well formed or not.
bool HasChatTemplate(const std::string& folder);

// JSON for Render: keys in their order. Nothing, and the reason in *error, where it is not JSON or
// nested deeper than 200 levels. The same holds for an integer of more than 64 bits, which could
// not be printed as it was.
std::optional<nlohmann::ordered_json> ParseChatJson(std::string_view text, std::string* error);

}  // namespace temper
