// Which part of a rendered chat the assistant said.
#include "cluster/base/error.h"
#include "policy/chat/chat_template.h"
#include "policy/text/strict_json.h"

namespace temper {
namespace {

using Json = nlohmann::ordered_json;

// The whole text and a text that ought to begin it.
void RequirePrefix(const std::string& whole, const std::string& part, const std::string& name, size_t message, const char* what) {
  if (whole.starts_with(part)) return;
  size_t at = 0;
  while (at < whole.size() && at < part.size() && whole[at] == part[at]) ++at;
  throw ConfigError(Concat("chat template ", name, ": message ", message, ": the text ", what,
                           " does not begin the text of all messages: from byte ", at, " it is \"",
                           Quoted(std::string_view(part).substr(at), 40), "\" and not \"", Quoted(std::string_view(whole).substr(at), 40),
                           "\". What the assistant said cannot be told from differences; mark it with {% generation %} in the template"));
}

}  // namespace

AssistantChat RenderWithAssistant(const ChatTemplate& chat_template, const Json& messages, const ChatOptions& options) {
  RenderedChat rendered = chat_template.Render(messages, options);
  AssistantChat made{std::move(rendered.text), {}};
  if (chat_template.has_generation_blocks() && !rendered.generated_elsewhere) {
    made.assistant = std::move(rendered.generated);
    return made;
  }
  Json turns = Json::array();
  ChatOptions before = options;
  before.add_generation_prompt = true;
  ChatOptions after = options;
  after.add_generation_prompt = false;
  for (size_t i = 0; i < messages.size(); ++i) {
    const bool assistant = messages[i].value("role", "") == "assistant";
    if (assistant && i == 0) {
      throw ConfigError(
          Concat("chat template ", chat_template.name(),
                 ": message 0 is the assistant's: there is no text before it that would show where it begins; mark it with {% "
                 "generation %} in the template"));
    }
    std::string prompt;
    if (assistant) prompt = chat_template.Render(turns, before).text;
    turns.push_back(messages[i]);
    if (!assistant) continue;
    const std::string with_turn =
        i + 1 == messages.size() && !options.add_generation_prompt ? made.text : chat_template.Render(turns, after).text;
    RequirePrefix(made.text, prompt, chat_template.name(), i, "before it, with a generation prompt,");
    RequirePrefix(made.text, with_turn, chat_template.name(), i, "up to it");
    if (with_turn.size() < prompt.size()) RequirePrefix(with_turn, prompt, chat_template.name(), i, "before it, with a generation prompt,");
    made.assistant.push_back({prompt.size(), with_turn.size()});
  }
  return made;
}

}  // namespace temper
