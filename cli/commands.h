#pragma once

#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cluster/host/spawner.h"

namespace temper {

// What a command is added to, and what it may need of the program.
struct CommandContext {
  CLI::App* app = nullptr;   // the program, or the command that this one stands below
  int* exit_code = nullptr;  // set when the command has run
  int* argc = nullptr;       // with argv: as main got them, for MPI
  char*** argv = nullptr;
  WorkerMain program_main = nullptr;  // the whole program, which a worker of a rank runs in a process of its own
};

// A command of the temper program is a file of this folder or of graders/, whose AddNameCommand calls AddCommand, and a line of cli/command_list.inc.
#define TEMPER_COMMAND(name) void Add##name##Command(const CommandContext& context);
#include "cli/command_list.inc"
#undef TEMPER_COMMAND

// A command line and what it does, shown at the end of a command's help.
struct CommandExample {
  std::string line;
  std::string meaning;
};
void AddExamples(CLI::App* command, const std::vector<CommandExample>& examples);

// Adds a command whose arguments are an Args. `bind(CLI::App*, Args*)` declares its options, positional arguments and examples;
// `run(const Args&)` does the work: it returns the exit code, and throws Error, ConfigError or ExitRequest.
template <typename Args, typename Bind, typename Run>
void AddCommand(const CommandContext& context, const std::string& name, const std::string& help, Bind bind, Run run) {
  const auto arguments = std::make_shared<Args>();
  CLI::App* command = context.app->add_subcommand(name, help);
  bind(command, arguments.get());
  command->callback([arguments, run, exit_code = context.exit_code] { *exit_code = run(*arguments); });
}

// A command without arguments.
template <typename Run>
void AddCommand(const CommandContext& context, const std::string& name, const std::string& help,
                const std::vector<CommandExample>& examples, Run run) {
  CLI::App* command = context.app->add_subcommand(name, help);
  AddExamples(command, examples);
  command->callback([run, exit_code = context.exit_code] { *exit_code = run(); });
}

}  // namespace temper
