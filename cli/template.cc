#include <iostream>
#include <iterator>

#include "cli/commands.h"
#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "policy/chat/chat_template.h"
#include "policy/text/strict_json.h"

namespace temper {
namespace {

using Json = nlohmann::ordered_json;

struct TemplateArguments {
  std::string model;
  std::string name;
  std::string tools;
  std::vector<std::string> variables;
  bool generation_prompt = false;
  bool spans = false;
};

Json ReadTools(const std::string& path) {
  std::string error;
  const auto tools = ParseChatJson(ReadUserFile(path, {.what = "the tools"}), &error);
  if (!tools.has_value()) throw ConfigError(Concat(path, ": ", error));
  if (!tools->is_array()) throw ConfigError(Concat(path, ": expected a JSON list of tools"));
  return *tools;
}

ChatOptions Options(const TemplateArguments& arguments) {
  ChatOptions options;
  options.add_generation_prompt = arguments.generation_prompt;
  if (!arguments.tools.empty()) options.tools = ReadTools(arguments.tools);
  for (const std::string& variable : arguments.variables) {
    const size_t equals = variable.find('=');
    if (equals == 0 || equals == std::string::npos) throw ConfigError(Concat("--var ", variable, ": expected NAME=JSON"));
    std::string error;
    const auto value = ParseChatJson(std::string_view(variable).substr(equals + 1), &error);
    if (!value.has_value()) throw ConfigError(Concat("--var ", variable, ": the value is not JSON: ", error));
    options.variables[variable.substr(0, equals)] = *value;
  }
  return options;
}

// What one line of input becomes.
Json Rendered(const ChatTemplate& chat_template, const Json& messages, const ChatOptions& options, bool with_spans) {
  if (!with_spans) return chat_template.Render(messages, options).text;
  const AssistantChat chat = RenderWithAssistant(chat_template, messages, options);
  Json spans = Json::array();
  for (const ChatSpan& span : chat.assistant) spans.push_back({span.begin, span.end});
  Json out;
  out["text"] = chat.text;
  out["assistant"] = spans;
  return out;
}

int TemplateCommand(const TemplateArguments& arguments) {
  const ChatTemplate chat_template = LoadChatTemplate(arguments.model, arguments.name, !arguments.tools.empty());
  const ChatOptions options = Options(arguments);
  int64_t number = 0;
  for (std::string line; std::getline(std::cin, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    std::string error;
    const auto messages = ParseChatJson(line, &error);
    if (!messages.has_value()) throw ConfigError(Concat("standard input:", number, ": ", error));
    try {
      std::cout << Rendered(chat_template, *messages, options, arguments.spans) << std::endl;
    } catch (const ConfigError& mistake) {
      throw ConfigError(Concat("standard input:", number, ": ", mistake.what()));
    }
  }
  return kExitDone;
}

void BindTemplate(CLI::App* command, TemplateArguments* arguments) {
  command->add_option("--model", arguments->model, "Hugging Face folder with a chat template")->required();
  command->add_option("--name", arguments->name, "which of several templates (default: default, or tool_use with --tools)");
  command->add_option("--tools", arguments->tools, "JSON file: a list of tool schemas");
  command->add_option("--var", arguments->variables, "NAME=JSON, a variable of the template, such as enable_thinking=false");
  command->add_flag("--generation-prompt,!--no-generation-prompt", arguments->generation_prompt,
                    "end with what begins an assistant's turn (default: off, as in transformers)");
  command->add_flag("--spans", arguments->spans, "print {text, assistant}: also the bytes [begin, end) the assistant said");
  AddExamples(command, {{"echo '[{\"role\": \"user\", \"content\": \"Hello\"}]' | temper template --model MODEL --generation-prompt",
                         "the text a chat model reads"}});
}

}  // namespace

void AddTemplateCommand(const CommandContext& context) {
  AddCommand<TemplateArguments>(context, "template", "renders chats: JSON message lists on standard input, one a line -> JSON texts",
                                BindTemplate, TemplateCommand);
}

}  // namespace temper
