#include "cli/help/command_tree.h"

#include <CLI/CLI.hpp>

namespace temper {
namespace {

// The library tells of a choice in the name of the type: TEXT:{bf16,fp32}.
std::vector<std::string> ChoicesIn(const std::string& type) {
  std::vector<std::string> choices;
  const size_t open = type.find('{');
  const size_t close = type.find('}', open == std::string::npos ? 0 : open);
  if (open == std::string::npos || close == std::string::npos) return choices;
  for (size_t begin = open + 1; begin < close;) {
    const size_t end = std::min(type.find(',', begin), close);
    choices.push_back(type.substr(begin, end - begin));
    begin = end + 1;
  }
  return choices;
}

OptionHelp OptionOf(const CLI::Option& option) {
  OptionHelp help;
  for (const std::string& name : option.get_snames()) help.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) help.names.push_back("--" + name);
  help.help = option.get_description();
  help.required = option.get_required();
  if (option.get_expected_max() == 0 || option.get_type_size() == 0) return help;
  const std::string type = option.get_type_name();
  help.choices = ChoicesIn(type);
  help.value = type.substr(0, type.find_first_of(":{ "));
  if (help.value.empty()) help.value = "VALUE";
  return help;
}

}  // namespace

CommandHelp ReadCommandTree(const CLI::App& app, const std::string& name) {
  CommandHelp command;
  command.words = name;
  command.help = app.get_description();
  command.footer = app.get_footer();
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) {
      command.arguments.push_back(
          {option->get_name(true), option->get_description(), option->get_required(), option->get_items_expected_max() > 1});
    } else {
      command.options.push_back(OptionOf(*option));
    }
  }
  for (const CLI::App* below : app.get_subcommands([](const CLI::App*) { return true; }))
    command.commands.push_back(ReadCommandTree(*below, name + " " + below->get_name()));
  return command;
}

std::vector<const CommandHelp*> Flattened(const CommandHelp& command) {
  std::vector<const CommandHelp*> all = {&command};
  for (const CommandHelp& below : command.commands)
    for (const CommandHelp* each : Flattened(below)) all.push_back(each);
  return all;
}

}  // namespace temper
