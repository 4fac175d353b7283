#pragma once

#include <string>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): the library names it
class App;
}

namespace temper {

// What a program's command line takes, as its help says it: what the manual page and the shells' completions are made of.

struct OptionHelp {
  std::vector<std::string> names;    // as typed: -n, --np
  std::string value;                 // kind of its value: TEXT, INT, ...; "" = a flag
  std::vector<std::string> choices;  // the only values it takes; empty = any
  std::string help;
  bool required = false;
};

struct ArgumentHelp {
  std::string name;
  std::string help;
  bool required = false;
  bool many = false;  // one after the other
};

struct CommandHelp {
  std::string words;  // as typed: temper, temper launch, temper launch slurm
  std::string help;
  std::vector<ArgumentHelp> arguments;
  std::vector<OptionHelp> options;
  std::string footer;  // examples
  std::vector<CommandHelp> commands;

  std::string name() const { return words.substr(words.rfind(' ') + 1); }
};

// Of the program, which calls itself `name`, and all commands below it.
CommandHelp ReadCommandTree(const CLI::App& app, const std::string& name);

// The command and all below it, each before its own.
std::vector<const CommandHelp*> Flattened(const CommandHelp& command);

}  // namespace temper
