#pragma once

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/commands.h"

namespace temper {

// Adds a command whose arguments are an Args. `bind(CLI::App*, Args*)` declares its options and positional arguments; `run(const Args&)`
// does the work and returns the exit code.
template <typename Args, typename Bind, typename Run>
void AddCommand(const CommandContext& context, const std::string& name, const std::string& help, Bind bind, Run run) {
  const auto arguments = std::make_shared<Args>();
  CLI::App* command = context.app->add_subcommand(name, help);
  bind(command, arguments.get());
  command->callback([arguments, run, exit_code = context.exit_code] { *exit_code = run(*arguments); });
}

// A command without arguments.
template <typename Run>
void AddCommand(const CommandContext& context, const std::string& name, const std::string& help, Run run) {
  context.app->add_subcommand(name, help)->callback([run, exit_code = context.exit_code] { *exit_code = run(); });
}

}  // namespace temper
